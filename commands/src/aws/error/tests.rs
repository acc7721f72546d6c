use super::*;

const USER: &str = "User: arn:aws:sts::111122223333:assumed-role/standby/i-0abc";
const FAILOVER: Operation = Operation::new("rds", "FailoverGlobalCluster");
const RECORDS: Operation = Operation::new("route53", "ListResourceRecordSets");

/// A case: the call and its region, code, status and message as AWS gives them, the seconds by which AWS's `Date` is ahead of this host's clock, and
/// the class.
type Case = (Operation, &'static str, &'static str, u16, String, i64, AwsErrorKind);

fn cases() -> Vec<Case> {
    use AwsErrorKind::*;
    let west = "us-west-2";
    let told = |text: &str| format!("{USER} is not authorized to perform: {text}");
    let failover = |why: &str| {
        told(&format!(
            "rds:FailoverGlobalCluster on resource: arn:aws:rds::111122223333:global-cluster:shop-global {why}"
        ))
    };
    let quiet = |operation, code, status, message: &str, kind| -> Case {
        (operation, west, code, status, message.to_owned(), 0, kind)
    };
    vec![
        quiet(RECORDS, "Throttling", 400, "Rate exceeded", Throttled),
        quiet(RECORDS, "ThrottlingException", 400, "Rate exceeded", Throttled),
        quiet(
            RECORDS,
            "PriorRequestNotComplete",
            400,
            "The request was rejected because Route 53 was still processing a prior request.",
            Throttled,
        ),
        quiet(RECORDS, "TooManyRequestsException", 429, "", Throttled),
        quiet(RECORDS, "RequestLimitExceeded", 503, "Request limit exceeded.", Throttled),
        quiet(RECORDS, "LimitExceededException", 400, "Rate limit exceeded", Throttled),
        quiet(RECORDS, "SlowDown", 503, "Please reduce your request rate.", Throttled),
        quiet(FAILOVER, "InternalFailure", 500, "An internal error has occurred.", Server),
        quiet(FAILOVER, "ServiceUnavailable", 503, "Service is currently unavailable", Server),
        quiet(FAILOVER, "ServiceUnavailableException", 400, "Service Unavailable", Server),
        quiet(FAILOVER, "SomethingNew", 502, "", Server),
        // Denied, by what the message says of the policy.
        quiet(
            FAILOVER,
            "AccessDenied",
            403,
            &failover("because no identity-based policy allows the rds:FailoverGlobalCluster action"),
            Denied,
        ),
        quiet(
            FAILOVER,
            "AccessDenied",
            403,
            &failover("because no permissions boundary allows the rds:FailoverGlobalCluster action"),
            Denied,
        ),
        quiet(
            FAILOVER,
            "AccessDenied",
            403,
            &failover("because no VPC endpoint policy allows the rds:FailoverGlobalCluster action"),
            Denied,
        ),
        quiet(
            FAILOVER,
            "AccessDenied",
            403,
            &failover("because no session policy allows the rds:FailoverGlobalCluster action"),
            Denied,
        ),
        quiet(
            FAILOVER,
            "AccessDenied",
            403,
            &failover("because no service control policy allows the rds:FailoverGlobalCluster action"),
            Denied,
        ),
        quiet(
            FAILOVER,
            "AccessDenied",
            403,
            &failover("with an explicit deny in a service control policy"),
            ExplicitlyDenied,
        ),
        quiet(
            FAILOVER,
            "AccessDenied",
            403,
            &failover(
                "with an explicit deny in a service control policy: arn:aws:organizations::999988887777:policy/o-a1/service_control_policy/p-b2",
            ),
            ExplicitlyDenied,
        ),
        quiet(
            FAILOVER,
            "AccessDenied",
            403,
            &failover("with an explicit deny in an identity-based policy"),
            ExplicitlyDenied,
        ),
        quiet(
            FAILOVER,
            "AccessDenied",
            403,
            &failover("with an explicit deny in a permissions boundary"),
            ExplicitlyDenied,
        ),
        quiet(
            FAILOVER,
            "AccessDenied",
            403,
            &failover("with an explicit deny in a VPC endpoint policy"),
            ExplicitlyDenied,
        ),
        quiet(FAILOVER, "AccessDenied", 403, &failover("with an explicit deny in a session policy"), ExplicitlyDenied),
        quiet(FAILOVER, "AccessDenied", 403, &failover("with an explicit deny"), ExplicitlyDenied),
        quiet(
            Operation::new("kms", "DescribeKey"),
            "AccessDeniedException",
            400,
            &told(
                "kms:DescribeKey on resource: arn:aws:kms:us-west-2:444455556666:key/1 because no resource-based policy allows the kms:DescribeKey action",
            ),
            Denied,
        ),
        quiet(RECORDS, "AccessDenied", 403, &format!("{USER} is not authorized to access this resource"), Denied),
        quiet(
            Operation::new("sts", "AssumeRole"),
            "AccessDenied",
            403,
            &told("sts:AssumeRole on resource: arn:aws:iam::444455556666:role/standby-dns"),
            Denied,
        ),
        quiet(
            Operation::new("ec2", "DescribeSubnets"),
            "UnauthorizedOperation",
            403,
            "You are not authorized to perform this operation.",
            Denied,
        ),
        quiet(RECORDS, "NotAuthorized", 400, "", Denied),
        quiet(RECORDS, "SomethingNew", 403, "", Denied),
        // The clock: by AWS's words, or by its Date.
        quiet(
            FAILOVER,
            "SignatureDoesNotMatch",
            403,
            "Signature expired: 20261129T081500Z is now earlier than 20261129T083000Z (20261129T083500Z - 5 min.)",
            ClockSkew,
        ),
        quiet(
            FAILOVER,
            "InvalidSignatureException",
            400,
            "Signature not yet current: 20261129T084500Z is still later than 20261129T083500Z (20261129T083000Z + 5 min.)",
            ClockSkew,
        ),
        (
            FAILOVER,
            west,
            "SignatureDoesNotMatch",
            403,
            "The request signature we calculated does not match the signature you provided.".to_owned(),
            900,
            ClockSkew,
        ),
        (
            FAILOVER,
            west,
            "AuthFailure",
            401,
            "AWS was not able to validate the provided access credentials".to_owned(),
            -7_500,
            ClockSkew,
        ),
        (
            RECORDS,
            west,
            "RequestTimeTooSkewed",
            403,
            "The difference between the request time and the current time is too large.".to_owned(),
            1_500,
            ClockSkew,
        ),
        quiet(RECORDS, "RequestExpired", 400, "Request has expired.", ClockSkew),
        quiet(RECORDS, "RequestInTheFuture", 400, "", ClockSkew),
        // Keys.
        quiet(
            FAILOVER,
            "SignatureDoesNotMatch",
            403,
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
            WrongKeys,
        ),
        quiet(
            FAILOVER,
            "InvalidSignatureException",
            400,
            "The request signature we calculated does not match the signature you provided.",
            WrongKeys,
        ),
        quiet(
            FAILOVER,
            "InvalidClientTokenId",
            403,
            "The security token included in the request is invalid.",
            WrongKeys,
        ),
        (
            FAILOVER,
            "cn-north-1",
            "InvalidClientTokenId",
            403,
            "The security token included in the request is invalid.".to_owned(),
            0,
            WrongKeys,
        ),
        quiet(
            Operation::new("ecs", "DescribeServices"),
            "UnrecognizedClientException",
            400,
            "The security token included in the request is invalid.",
            WrongKeys,
        ),
        quiet(
            Operation::new("s3", "GetObject"),
            "InvalidAccessKeyId",
            403,
            "The AWS Access Key Id you provided does not exist in our records.",
            WrongKeys,
        ),
        quiet(FAILOVER, "AuthFailure", 401, "AWS was not able to validate the provided access credentials", WrongKeys),
        quiet(FAILOVER, "MissingAuthenticationToken", 403, "Request is missing Authentication Token", WrongKeys),
        quiet(FAILOVER, "MissingAuthenticationTokenException", 400, "Missing Authentication Token", WrongKeys),
        quiet(FAILOVER, "IncompleteSignature", 400, "", WrongKeys),
        // Credentials that pass away.
        quiet(FAILOVER, "ExpiredToken", 403, "The security token included in the request is expired", Expired),
        quiet(
            Operation::new("ecs", "DescribeServices"),
            "ExpiredTokenException",
            400,
            "The security token included in the request is expired",
            Expired,
        ),
        quiet(RECORDS, "RequestExpired", 400, "The security token included in the request has expired.", Expired),
        // Regions.
        quiet(FAILOVER, "OptInRequired", 403, "The AWS Access Key Id needs a subscription for the service", NotEnabled),
        (
            FAILOVER,
            "eu-central-2",
            "InvalidClientTokenId",
            403,
            "The security token included in the request is invalid.".to_owned(),
            0,
            NotEnabled,
        ),
        (
            FAILOVER,
            "eu-central-2",
            "UnrecognizedClientException",
            400,
            "The security token included in the request is invalid.".to_owned(),
            0,
            NotEnabled,
        ),
        (
            Operation::new("sts", "AssumeRole"),
            "eu-central-2",
            "RegionDisabledException",
            403,
            "STS is not activated in this region for account:111122223333.".to_owned(),
            0,
            NotEnabled,
        ),
        quiet(FAILOVER, "SubscriptionRequiredException", 400, "", NotEnabled),
        // Keys of KMS, quotas.
        quiet(FAILOVER, "KMSKeyNotAccessibleFault", 400, "An error occurred accessing an AWS KMS key.", KeyUnusable),
        quiet(FAILOVER, "KMSAccessDenied", 400, "", KeyUnusable),
        quiet(
            FAILOVER,
            "KMSInvalidStateException",
            400,
            "arn:aws:kms:us-west-2:111122223333:key/1 is pending deletion.",
            KeyUnusable,
        ),
        quiet(
            Operation::new("rds", "CreateDBClusterSnapshot"),
            "SnapshotQuotaExceeded",
            400,
            "Cannot create more than 100 manual snapshots",
            Quota,
        ),
        quiet(FAILOVER, "DBClusterQuotaExceededFault", 403, "", Quota),
        quiet(FAILOVER, "LimitExceededException", 400, "The limit for the resource was exceeded.", Quota),
        // Not there, not now, not so.
        quiet(FAILOVER, "GlobalClusterNotFoundFault", 404, "Global cluster shop-global not found", NotFound),
        quiet(
            Operation::new("ecs", "DescribeServices"),
            "ClusterNotFoundException",
            400,
            "Cluster not found.",
            NotFound,
        ),
        quiet(RECORDS, "NoSuchHostedZone", 404, "No hosted zone found with ID: Z0PUBLIC", NotFound),
        quiet(RECORDS, "NoSuchChange", 404, "Could not find resource with ID: C0", NotFound),
        quiet(
            Operation::new("servicequotas", "GetServiceQuota"),
            "NoSuchResourceException",
            400,
            "The request failed because the specified quota does not exist.",
            NotFound,
        ),
        quiet(
            FAILOVER,
            "InvalidGlobalClusterStateFault",
            400,
            "Global cluster shop-global is not available.",
            Conflict,
        ),
        quiet(FAILOVER, "InvalidDBClusterStateFault", 400, "", Conflict),
        quiet(RECORDS, "InvalidChangeBatch", 400, "", Conflict),
        quiet(FAILOVER, "ConcurrentUpdateException", 400, "", Conflict),
        quiet(FAILOVER, "ValidationException", 400, "1 validation error detected", Invalid),
        quiet(FAILOVER, "InvalidParameterValue", 400, "", Invalid),
    ]
}

fn error(case: &Case) -> AwsError {
    let (operation, region, code, status, message, ahead, _) = case;
    let now = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(500_000);
    let then = aws_smithy_types::DateTime::from_secs(now.as_second() + ahead);
    let date = then.fmt(aws_smithy_types::date_time::Format::HttpDate).ok();
    let skew = skew::measure(message, date.as_deref(), now);
    let kind = kind_of(&Answer { code, status: *status, message, region, skew });
    let operation = Box::leak(Box::new(*operation));
    let skew_s = skew.and_then(|skew| i32::try_from(skew.as_secs()).ok());
    AwsError { skew_s, ..AwsError::own(kind, operation, region, code, message.clone()) }
}

#[test]
fn a_code_has_one_class() {
    for case in cases() {
        let (operation, region, code, status, message, _, kind) = &case;
        let found = error(&case);
        assert_eq!(found.kind, *kind, "{} {code} {status} {message} in {region}", operation.name);
    }
}

#[test]
fn a_class_has_words() {
    let table: Vec<String> = cases()
        .iter()
        .map(|case| {
            let error = error(case);
            let next = match (error.transient(), error.refused_for_good()) {
                (true, _) => "tried again",
                (_, true) => "final",
                _ => "a state that may pass",
            };
            format!("{:?}, {next}:\n    {error}", error.kind)
        })
        .collect();
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn what_is_not_a_permission_never_advises_one() {
    for case in cases() {
        let error = error(&case);
        let denied = matches!(error.kind, AwsErrorKind::Denied | AwsErrorKind::ExplicitlyDenied);
        assert!(denied || !error.to_string().contains("Allow "), "{error}");
    }
}

#[test]
fn a_timeout_leaves_the_effect_open() {
    let error =
        AwsError::timeout(&const { Operation::new("ecs", "UpdateService") }, "us-east-1", Duration::from_secs(2));
    assert_eq!(error.to_string(), "ecs UpdateService in us-east-1: Timeout: nothing within 2.0s");
    assert!(!error.had_no_effect());
    assert!(error.transient());
}
