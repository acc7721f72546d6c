//! What Terraform built, or somebody renamed, elsewhere than where the configuration looks for the primary's cluster: under another identifier, in
//! another region, in another global cluster. Told as what it is, with what to do, instead of asking for a second one.

use serde::{Deserialize, Serialize};

use crate::{
    aws::{Aws, AwsError},
    former::Former,
    observation::{DbCluster, GlobalCluster, Member, Observation, Seen},
    topology::{Application, Region, SideName},
};

/// A DB cluster of the primary region, by whatever identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundCluster {
    /// Identifier.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// `aurora-postgresql` or `aurora-mysql`.
    pub engine: String,
    /// The global cluster that it says it belongs to.
    pub global_cluster: Option<String>,
}

/// A DB cluster that may be the one that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Elsewhere {
    /// Which, where and what it is.
    pub(crate) detail: String,
    /// What to do about it.
    pub(crate) fix: String,
    /// Whether a rebuild can't succeed while it's there: a global cluster takes one cluster a region.
    pub(crate) in_the_way: bool,
}

/// Whether the primary region's clusters have to be listed: the configured one is no member of the global cluster, and no other one there is.
pub(crate) fn must_list(app: &Application, global: &GlobalCluster) -> bool {
    !global.members.iter().any(|member| member.region() == app.primary.region)
}

/// What there is instead of the configured cluster; empty where that is a member of the global cluster. `found` are the DB clusters of the primary
/// region, as far as they were listed.
pub(crate) fn elsewhere(
    name: &str,
    app: &Application,
    global: &GlobalCluster,
    found: &[FoundCluster],
) -> Vec<Elsewhere> {
    let Region { region, db_cluster, .. } = &app.primary;
    if global.member(region, db_cluster).is_some() {
        return Vec::new();
    }
    let others = global.members.iter().filter(|member| !member.is(&app.dr.region, &app.dr.db_cluster));
    let members = others.map(|member| match member.region() == region {
        true => renamed(name, app, member),
        false => in_another_region(app, member),
    });
    let engine = global_engine(app, found);
    let strangers = found.iter().filter(|found| !global.members.iter().any(|member| member.arn == found.arn));
    let strangers = strangers.filter_map(|found| stranger(app, found, engine));
    members.chain(strangers).collect()
}

/// A member in the right region, under another identifier.
fn renamed(name: &str, app: &Application, member: &Member) -> Elsewhere {
    let Region { region, db_cluster, .. } = &app.primary;
    let there = member.db_cluster();
    Elsewhere {
        detail: format!(
            "{there} in {region} is a member of {}, but the configuration says {db_cluster}",
            app.global_cluster
        ),
        fix: format!("{}, or {}", configure(name, there), rename(region, there, db_cluster)),
        in_the_way: true,
    }
}

fn in_another_region(app: &Application, member: &Member) -> Elsewhere {
    let Region { region, db_cluster, .. } = &app.primary;
    let (there, place) = (member.db_cluster(), member.region());
    let same = there.eq_ignore_ascii_case(db_cluster);
    Elsewhere {
        detail: match same {
            true => format!("{there} is a member of {} in {place}, not in {region}", app.global_cluster),
            false => format!("{there} in {place} is a member of {}, too", app.global_cluster),
        },
        fix: format!(
            "if it was to be the secondary in {region}, correct the region in stack {} and apply it; otherwise none needed",
            app.failback.stacks.platform(region)
        ),
        in_the_way: false,
    }
}

/// A cluster that is no member, if it may be meant: the configured one in another global cluster, or one with a name like it.
fn stranger(app: &Application, found: &FoundCluster, engine: Option<&str>) -> Option<Elsewhere> {
    let Region { region, db_cluster, .. } = &app.primary;
    let id = &found.id;
    let configured = id.eq_ignore_ascii_case(db_cluster);
    let stack = app.failback.stacks.platform(region);
    let global = &app.global_cluster;
    // AWS takes only a cluster that is created as a member.
    let join = format!(
        "a cluster that exists can't join {global}. Once nothing needs it, delete it, set `global_cluster_identifier = \"{global}\"` in stack \
         {stack}, and apply it"
    );
    let is = match &found.global_cluster {
        Some(other) if !other.eq_ignore_ascii_case(global) => {
            format!("belongs to global cluster {other}, not {global}")
        }
        Some(_) => format!("is about to join {global}"),
        // That the configured one stands alone is what the rebuild is for.
        None if configured => return None,
        None => format!("stands alone: it's no member of {global}"),
    };
    if !configured && (!alike(id, db_cluster) || engine.is_some_and(|engine| engine != found.engine)) {
        return None;
    }
    let fix = match configured {
        true => join,
        false => format!("none needed unless it was to be the secondary: {join}"),
    };
    Some(Elsewhere { detail: format!("{id} in {region} {is}"), fix, in_the_way: false })
}

/// The engine of the configured cluster, where that is there.
fn global_engine<'a>(app: &Application, found: &'a [FoundCluster]) -> Option<&'a str> {
    let configured = found.iter().find(|found| found.id.eq_ignore_ascii_case(&app.primary.db_cluster));
    configured.map(|found| found.engine.as_str())
}

/// Whether two identifiers begin alike: with at least half of the words of the second one. A region has the clusters of other applications, too.
fn alike(id: &str, configured: &str) -> bool {
    let (id, configured) = (id.to_ascii_lowercase(), configured.to_ascii_lowercase());
    let words: Vec<&str> = configured.split('-').collect();
    let common = id.split('-').zip(&words).take_while(|(a, b)| a == *b).count();
    common * 2 >= words.len()
}

fn configure(name: &str, id: &str) -> String {
    format!("set `db_cluster = \"{id}\"` in `[applications.{name}.primary]` and restart Standby")
}

fn rename(region: &str, from: &str, to: &str) -> String {
    format!(
        "rename it: `aws rds modify-db-cluster --region {region} --db-cluster-identifier {from} --new-db-cluster-identifier {to} \
         --apply-immediately`, and in Terraform"
    )
}

/// What the primary's new cluster has otherwise than the one in DR: another engine version, other instance classes. Told while Terraform can still
/// mend it.
fn differs(app: &Application, ours: &DbCluster, theirs: &DbCluster) -> Option<String> {
    let classes = |cluster: &DbCluster| {
        let mut classes: Vec<&str> = cluster.instances.iter().map(|instance| instance.class.as_str()).collect();
        classes.sort_unstable();
        classes.dedup();
        classes.join(", ")
    };
    let (name, other) = (&app.primary.db_cluster, &app.dr.db_cluster);
    let version = (ours.engine_version != theirs.engine_version)
        .then(|| format!("{name} runs {}, {other} {}", ours.engine_version, theirs.engine_version));
    let (own, their) = (classes(ours), classes(theirs));
    let class = (!own.is_empty() && own != their).then(|| format!("{name} has instances of {own}, {other} of {their}"));
    let all: Vec<String> = [version, class].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// What gives the primary's new cluster an instance, where it has none at all: Terraform may have built the cluster alone.
fn headless(app: &Application, ours: &DbCluster, theirs: &DbCluster) -> Option<String> {
    let Region { region, db_cluster, .. } = &app.primary;
    let like = theirs.instances.first().filter(|_| ours.instances.is_empty())?;
    Some(format!(
        "unless Terraform is still building one: `aws rds create-db-instance --region {region} --db-cluster-identifier {db_cluster} \
         --db-instance-identifier {db_cluster}-1 --db-instance-class {} --engine {}`, or apply stack {}",
        like.class,
        theirs.engine,
        app.failback.stacks.platform(region)
    ))
}

/// That a cluster of the configured identifier was built without its global cluster: once the stale one is deleted, that is what it is.
fn alone(app: &Application, former: &Former) -> Option<String> {
    let Former::Detached(cluster) = former else { return None };
    let (name, global) = (&app.primary.db_cluster, &app.global_cluster);
    let stack = app.failback.stacks.platform(&app.primary.region);
    cluster.global_cluster.is_none().then(|| {
        format!(
            "{name} stands alone, and a cluster that exists can't join {global} → if Terraform has just built it, delete it, set \
             `global_cluster_identifier = \"{global}\"` in stack {stack}, and apply it"
        )
    })
}

/// Looks at the former primary as [`crate::former::look`] does, and at what there is instead of it. Beside it: what it lacks to be a secondary that can
/// take over, with what was found elsewhere; `None` if nothing.
///
/// # Errors
/// When one of the regions does not answer.
pub(crate) async fn look(aws: &Aws, app: &Application, name: &str) -> Result<(Former, Option<String>), AwsError> {
    let (global, cluster, dr) = futures::try_join!(
        aws.global_cluster(SideName::Dr),
        aws.db_cluster(SideName::Primary),
        aws.db_cluster(SideName::Dr)
    )?;
    let former = Former::of(app, global.as_ref(), cluster.as_ref());
    let Some(lacks) = former.lacks(app) else { return Ok((former, None)) };
    let found = match &global {
        // What can't be listed is not told; it isn't what the step waits for.
        Some(global) if must_list(app, global) => aws.clusters(SideName::Primary).await.unwrap_or_default(),
        _ => Vec::new(),
    };
    let there = global.iter().flat_map(|global| elsewhere(name, app, global, &found));
    let there = there.map(|there| format!(". {} → {}", there.detail, there.fix));
    let alone = alone(app, &former).map(|alone| format!(". {alone}"));
    let (differs, headless) = match (&former, cluster, dr) {
        (Former::Member { .. }, Some(cluster), Some(dr)) => (differs(app, &cluster, &dr), headless(app, &cluster, &dr)),
        _ => (None, None),
    };
    let headless = headless.map(|fix| format!(" → {fix}"));
    let lacks = std::iter::once(lacks)
        .chain(headless)
        .chain(alone)
        .chain(there)
        .chain(differs.map(|differs| format!(". {differs}")));
    Ok((former, Some(lacks.collect())))
}

/// What there is instead of the configured cluster, as it was observed, or why that is not known.
pub(crate) fn seen(name: &str, app: &Application, observation: &Observation) -> Result<Vec<Elsewhere>, String> {
    let Some(global) = observation.global.known() else { return Ok(Vec::new()) };
    match &observation.found {
        Some(Seen::Unknown(why) | Seen::Refused(why)) => Err(why.clone()),
        Some(Seen::Known(found)) => Ok(elsewhere(name, app, global, found)),
        None => Ok(elsewhere(name, app, global, &[])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    /// What is told where the global cluster has these members beside DR's, and the primary region these clusters.
    fn told(members: &[&str], found: &[(&str, Option<&str>)]) -> Vec<Elsewhere> {
        let mut observation = fixture::moved();
        let global = fixture::global(&mut observation);
        global.members.remove(0);
        global.members.extend(members.iter().map(|arn| Member {
            arn: (*arn).to_owned(),
            writer: false,
            synchronization: Some("connected".into()),
        }));
        let found: Vec<FoundCluster> = found.iter().map(|&(id, global)| cluster(id, global)).collect();
        elsewhere("shop", &fixture::app(), global, &found)
    }

    fn cluster(id: &str, global: Option<&str>) -> FoundCluster {
        FoundCluster {
            id: id.into(),
            arn: format!("arn:aws:rds:us-east-1:123456789012:cluster:{id}"),
            engine: "aurora-postgresql".into(),
            global_cluster: global.map(str::to_owned),
        }
    }

    fn details(told: &[Elsewhere]) -> Vec<&str> {
        told.iter().map(|there| there.detail.as_str()).collect()
    }

    #[test]
    fn member_under_another_name_is_in_the_way_and_both_ways_out_are_told() {
        let told = told(&["arn:aws:rds:us-east-1:123456789012:cluster:shop-primary-2"], &[]);
        assert_eq!(
            details(&told),
            ["shop-primary-2 in us-east-1 is a member of shop-global, but the configuration says shop-primary"]
        );
        let fix = &told[0].fix;
        assert!(
            told[0].in_the_way
                && fix.contains("set `db_cluster = \"shop-primary-2\"` in `[applications.shop.primary]`")
        );
        assert!(
            fix.contains("--db-cluster-identifier shop-primary-2 --new-db-cluster-identifier shop-primary"),
            "{fix}"
        );
    }

    #[test]
    fn member_in_another_region_is_told_and_in_nobodys_way() {
        let same = told(&["arn:aws:rds:us-east-2:123456789012:cluster:shop-primary"], &[]);
        assert_eq!(details(&same), ["shop-primary is a member of shop-global in us-east-2, not in us-east-1"]);
        let third = told(&["arn:aws:rds:eu-west-1:123456789012:cluster:shop-eu"], &[]);
        assert_eq!(details(&third), ["shop-eu in eu-west-1 is a member of shop-global, too"]);
        assert!(!same[0].in_the_way && !third[0].in_the_way);
    }

    #[test]
    fn clusters_of_other_applications_are_not_meant() {
        let others = [("billing-primary", None), ("shop-primary", None)];
        assert_eq!(told(&[], &others), []);
        let strange = told(&[], &[("shop-primary", Some("shop-global-2")), ("shop-primary-2", None)]);
        assert_eq!(
            details(&strange),
            [
                "shop-primary in us-east-1 belongs to global cluster shop-global-2, not shop-global",
                "shop-primary-2 in us-east-1 stands alone: it's no member of shop-global"
            ]
        );
    }

    #[test]
    fn secondary_is_held_against_the_cluster_that_serves() {
        let (app, mut pair) = (fixture::app(), fixture::moved());
        let (Seen::Known(Some(ours)), Seen::Known(Some(theirs))) = (&mut pair.primary.db, &pair.dr.db) else {
            unreachable!()
        };
        assert_eq!((differs(&app, ours, theirs), headless(&app, ours, theirs)), (None, None));
        ours.engine_version = "16.3".into();
        ours.instances = vec![fixture::instance("db.t4g.medium")];
        let told = differs(&app, ours, theirs).unwrap_or_default();
        assert!(
            told.contains("shop-primary runs 16.3, shop-dr 16.4; shop-primary has instances of db.t4g.medium"),
            "{told}"
        );
        ours.instances.clear();
        let fix = headless(&app, ours, theirs).unwrap_or_default();
        assert!(
            fix.contains("--db-cluster-identifier shop-primary") && fix.contains("--db-instance-class db.r6g.large"),
            "{fix}"
        );
    }

    #[test]
    fn nothing_is_elsewhere_while_the_configured_one_is_a_member() {
        let mut observation = fixture::moved();
        let global = fixture::global(&mut observation).clone();
        assert_eq!(elsewhere("shop", &fixture::app(), &global, &[cluster("shop-primary-2", None)]), []);
    }

    #[test]
    fn identifiers_are_alike_by_half_of_their_words() {
        assert!(alike("shop-primary-20261129", "shop-primary") && alike("shop-use1", "Shop-Primary"));
        assert!(alike("prod-shop-new", "prod-shop-primary") && !alike("prod-billing-primary", "prod-shop-primary"));
    }
}
