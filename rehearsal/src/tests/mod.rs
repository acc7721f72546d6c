//! The dynamics of the simulated regions, on paused time, through the in-process connector.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod failback;
mod faults;
mod loopback;
mod promote;
mod rebuild;
mod records;
mod terraform;

use std::time::Duration;

use aws_smithy_runtime_api::client::{http::HttpConnector, orchestrator::HttpRequest, result::ConnectorError};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use crate::{OldPrimary, Pair, PairState, Scenario, Side, World, connector::Connector};

const DR: &str = "us-west-2";
const PRIMARY: &str = "us-east-1";

/// A caller of a world's APIs.
struct Caller {
    world: World,
    connector: Connector,
    pair: Pair,
}

impl Caller {
    fn new(scenario: Scenario) -> Self {
        let world = World::new(scenario);
        let connector = Connector::new(world.clone(), world.resolver());
        let pair = world.pairs().remove(0);
        Self { world, connector, pair }
    }

    /// A caller of a world whose old primary, after a failover, stands alone.
    async fn after_detaching_failover() -> Self {
        let mut scenario = Scenario::pair();
        scenario.pairs[0].old_primary = OldPrimary::Detached;
        let caller = Self::new(scenario);
        caller.fail_over().await;
        wait(150).await;
        caller
    }

    /// The same, after its cluster has been deleted.
    async fn after_deletion() -> Self {
        let caller = Self::after_detaching_failover().await;
        let cluster = "DBClusterIdentifier=shop-primary";
        caller.rds(PRIMARY, &format!("Action=ModifyDBCluster&{cluster}&DeletionProtection=false")).await;
        for number in [1, 2] {
            caller.rds(PRIMARY, &format!("Action=DeleteDBInstance&DBInstanceIdentifier=shop-primary-{number}")).await;
        }
        caller.rds(PRIMARY, &format!("Action=DeleteDBCluster&{cluster}&SkipFinalSnapshot=true")).await;
        wait(400).await;
        caller
    }

    /// State of the caller's application.
    fn state(&self) -> PairState {
        self.world.state().pairs.remove(0)
    }

    async fn send(&self, request: http::request::Builder, body: String) -> Result<(u16, String), ConnectorError> {
        let request = request.body(SdkBody::from(body)).unwrap();
        let response = self.connector.call(HttpRequest::try_from(request).unwrap()).await?;
        let text = String::from_utf8(response.body().bytes().unwrap().to_vec()).unwrap();
        Ok((response.status().as_u16(), text))
    }

    fn signed(region: &str, service: &str) -> http::request::Builder {
        let scope = format!("AWS4-HMAC-SHA256 Credential=AK/20261123/{region}/{service}/aws4_request, Signature=x");
        http::Request::builder().method("POST").uri("https://service.amazonaws.com/").header("authorization", scope)
    }

    /// A call in awsQuery.
    async fn query(&self, region: &str, service: &str, form: &str) -> (u16, String) {
        self.send(Self::signed(region, service), form.to_owned()).await.unwrap()
    }

    /// A call in JSON.
    async fn json(&self, region: &str, service: &str, operation: &str, input: Value) -> (u16, Value) {
        let request = Self::signed(region, service).header("x-amz-target", format!("Service.{operation}"));
        let (status, text) = self.send(request, input.to_string()).await.unwrap();
        (status, serde_json::from_str(&text).unwrap())
    }

    /// Status and region of the public endpoint, by the record's name.
    async fn visit(&self) -> (u16, String) {
        let (status, text) = self.send(http::Request::get(self.pair.health_url()), String::new()).await.unwrap();
        let body: Value = serde_json::from_str(&text).unwrap();
        (status, body["region"].as_str().unwrap().to_owned())
    }

    async fn fail_over(&self) -> (u16, String) {
        let target = self.pair.db_cluster_arn(Side::Dr);
        let form = format!(
            "Action=FailoverGlobalCluster&GlobalClusterIdentifier=shop-global&AllowDataLoss=true\
            &TargetDbClusterIdentifier={target}"
        );
        self.query(DR, "rds", &form).await
    }

    /// A call to RDS that has to be accepted; gives the answer.
    async fn rds(&self, region: &str, form: &str) -> String {
        let (status, text) = self.query(region, "rds", form).await;
        assert_eq!(status, 200, "{form}: {text}");
        text
    }

    /// A call to RDS that has to be refused with a code and a message that contains `words`.
    async fn rds_refuses(&self, region: &str, form: &str, code: &str, words: &str) {
        let (status, text) = self.query(region, "rds", form).await;
        assert!(
            status >= 400 && text.contains(&format!("<Code>{code}</Code>")) && text.contains(words),
            "{form}: {text}"
        );
    }

    /// Starts a switchover to a side, as called in `region`.
    async fn switch_over(&self, region: &str, to: Side) -> (u16, String) {
        let target = self.pair.db_cluster_arn(to);
        let form = format!(
            "Action=SwitchoverGlobalCluster&GlobalClusterIdentifier=shop-global&TargetDbClusterIdentifier={target}"
        );
        self.query(region, "rds", &form).await
    }

    async fn set_minimum(&self, service: &str, min: u32) -> (u16, Value) {
        self.set_minimum_in(DR, service, min).await
    }

    async fn set_minimum_in(&self, region: &str, service: &str, min: u32) -> (u16, Value) {
        let input = json!({
            "ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount",
            "ResourceId": format!("service/shop/{service}"), "MinCapacity": min,
        });
        self.json(region, "application-autoscaling", "RegisterScalableTarget", input).await
    }

    async fn point_listener_to_green(&self) -> (u16, String) {
        let (listener, green) =
            (self.pair.listener_arn(Side::Dr), self.pair.target_group_arn(Side::Dr, crate::Colour::Green));
        let form = format!(
            "Action=ModifyListener&ListenerArn={listener}&DefaultActions.member.1.Type=forward\
            &DefaultActions.member.1.TargetGroupArn={green}"
        );
        self.query(DR, "elasticloadbalancing", &form).await
    }

    /// DELETE of the record towards one side and CREATE towards the other, in one batch.
    async fn swap_record(&self, from: Side, to: Side) -> (u16, String) {
        let change = |action: &str, side: Side| {
            let endpoint = &self.pair.site(side).endpoint;
            format!(
                "<Change><Action>{action}</Action><ResourceRecordSet><Name>{}</Name><Type>A</Type><AliasTarget>\
                <HostedZoneId>{}</HostedZoneId><DNSName>{}</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth>\
                </AliasTarget></ResourceRecordSet></Change>",
                self.pair.record, endpoint.zone, endpoint.dns_name
            )
        };
        let body = format!(
            "<ChangeResourceRecordSetsRequest><ChangeBatch><Changes>{}{}</Changes></ChangeBatch>\
            </ChangeResourceRecordSetsRequest>",
            change("DELETE", from),
            change("CREATE", to)
        );
        let uri = format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{}/rrset/", self.pair.zone.id);
        self.send(Self::signed(PRIMARY, "route53").uri(uri), body).await.unwrap()
    }
}

async fn wait(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
