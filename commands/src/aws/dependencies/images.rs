//! Images in a side's registry, held against the other side's of the same tag.

use std::collections::BTreeSet;

use futures::future::join;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Aws, AwsError, Looked, Operation, Place, Protocol, Seen, Service, SideName, look_up, seen};
use crate::{
    aws::{AwsErrorKind, absent_is_none},
    dependencies::Image,
    needs::EcrImage,
};

static ECR: Service = Service {
    id: "ECR",
    name: "ecr",
    place: Place::Region("api.ecr"),
    protocol: Protocol::Json("AmazonEC2ContainerRegistry_V20150921"),
};

static IMAGES: Operation = Operation::new("ecr", "DescribeImages");
static CACHE_RULES: Operation = Operation::new("ecr", "DescribePullThroughCacheRules");

impl Aws {
    /// The images that are pulled from that side's registry. Those of other registries have nothing to be looked up here.
    pub(super) async fn images(
        &self,
        side: SideName,
        images: BTreeSet<&str>,
        deadline: Instant,
        other: Instant,
    ) -> Vec<Looked<Image>> {
        let own = self.side(side).region.as_str();
        let here = images.into_iter().filter(|image| EcrImage::of(image).is_some_and(|image| image.region == own));
        look_up(here.collect(), async |name| match EcrImage::of(name) {
            Some(image) => self.image(side, &image, deadline, other).await,
            None => Seen::Unknown(format!("{name} isn't an image of ECR")),
        })
        .await
    }

    async fn image(&self, side: SideName, image: &EcrImage<'_>, deadline: Instant, other: Instant) -> Seen<Image> {
        let what = "ecr DescribeImages";
        let here = seen(deadline, what, self.digest(side, image));
        // What is named by its digest is the same everywhere.
        let there = async {
            match image.digest {
                Some(_) => None,
                None => seen(other, what, self.digest(side.other(), image)).await.known().cloned().flatten(),
            }
        };
        match join(here, there).await {
            (Seen::Known(Some(digest)), other) => Seen::Known(Image::There { digest, other }),
            (Seen::Known(None), _) => self.missing(side, image, deadline).await,
            (Seen::Unknown(why), _) => Seen::Unknown(why),
            (Seen::Refused(why), _) => Seen::Refused(why),
        }
    }

    /// The digest of an image in that side's registry; `None` if there is no such image or repository.
    async fn digest(&self, side: SideName, image: &EcrImage<'_>) -> Result<Option<String>, AwsError> {
        let id = match (image.digest, image.tag) {
            (Some(digest), _) => json!({ "imageDigest": digest }),
            (None, tag) => json!({ "imageTag": tag }),
        };
        let parameters = json!({ "registryId": image.account, "repositoryName": image.repository, "imageIds": [id] });
        let regional = self.regional(side);
        let answer = absent_is_none(regional.signed.read(&ECR, &IMAGES, &parameters).await)?;
        let Some(answer) = answer else { return Ok(None) };
        match answer["imageDetails"][0]["imageDigest"].as_str() {
            Some(digest) => Ok(Some(digest.to_owned())),
            None => Err(AwsError::unreadable(&IMAGES, &regional.caller.region, "the image has no digest")),
        }
    }

    /// Why an image isn't there: a repository of a pull-through cache gets it with the first pull.
    async fn missing(&self, side: SideName, image: &EcrImage<'_>, deadline: Instant) -> Seen<Image> {
        let regional = self.regional(side);
        let parameters = json!({ "registryId": image.account });
        let rules = seen(deadline, "ecr DescribePullThroughCacheRules", async {
            match regional.signed.read(&ECR, &CACHE_RULES, &parameters).await {
                Err(error) if error.kind == AwsErrorKind::NotFound => Ok(Value::Null),
                answer => answer,
            }
        });
        let cached = |rules: &Value| {
            let mut prefixes = rules["pullThroughCacheRules"].as_array().into_iter().flatten();
            prefixes.any(|rule| match rule["ecrRepositoryPrefix"].as_str() {
                Some("ROOT") => true,
                Some(prefix) => image.repository.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/')),
                None => false,
            })
        };
        match rules.await {
            Seen::Known(rules) if cached(&rules) => Seen::Known(Image::PulledThrough),
            Seen::Known(_) => Seen::Known(Image::Missing),
            Seen::Unknown(why) => {
                Seen::Unknown(format!("it isn't in the registry, unless by a pull-through cache: {why}"))
            }
            Seen::Refused(why) => {
                Seen::Refused(format!("it isn't in the registry, unless by a pull-through cache: {why}"))
            }
        }
    }
}
