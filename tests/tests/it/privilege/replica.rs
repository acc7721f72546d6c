//! The host's policy for the replica in `deploy/terraform/standby`, held against what the bot and a restore call of S3.

use std::collections::BTreeSet;

use bot::check::check_replica;
use serde_json::Value;
use storage::SigningKey;
use tests::{S3, Stage};

use super::policy::{list, matches};
use crate::replica::restored;

#[tokio::test(start_paused = true)]
async fn the_host_may_do_with_the_replica_what_is_called_and_nothing_else() {
    let key: SigningKey = SigningKey::generate("standby.example.com/shop").unwrap().parse().unwrap();
    let s3 = S3::default();
    let stage = Stage::with().replicated(key.clone(), &s3).open().await;
    s3.holds(stage.log().head().size).await;
    check_replica(&stage.bucket().await).await;
    let folder = tempfile::tempdir().unwrap();
    assert!(restored(&stage, &key, folder.path(), &[]).await.0);

    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/terraform/standby/replica.json.tftpl");
    let mut text = std::fs::read_to_string(template).unwrap();
    for (name, value) in [("bucket", "shop-log"), ("key_arn", "arn:aws:kms:us-west-2:1:key/1"), ("region", "us-west-2")]
    {
        text = text.replace(&format!("${{{name}}}"), value);
    }
    let policy: Value = serde_json::from_str(&text).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let mut used = BTreeSet::new();
    for (action, name) in s3.calls() {
        let resource =
            if name.is_empty() { "arn:aws:s3:::shop-log".to_owned() } else { format!("arn:aws:s3:::shop-log/{name}") };
        let allows = |statement: &Value| {
            list(&statement["Action"]).contains(&action)
                && list(&statement["Resource"]).iter().any(|of| matches(of, &resource))
        };
        assert!(statements.iter().any(allows), "{action} on {resource} is not allowed");
        used.insert(action);
    }
    // S3 uses the key on behalf of who puts and gets.
    used.extend(["kms:Decrypt", "kms:GenerateDataKey"].map(str::to_owned));
    let allowed: BTreeSet<String> = statements.iter().flat_map(|statement| list(&statement["Action"])).collect();
    assert_eq!(used, allowed);
}
