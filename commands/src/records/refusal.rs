//! What a refused batch of record changes means, by Route 53's own words.

/// What stands in the way, and what to do about it, where `InvalidChangeBatch` came with that message although the old values are still there.
pub fn meaning(message: &str) -> &'static str {
    let words = message.to_ascii_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if says(&["protection", "protected"]) {
        "a record protection covers it: delete it with `aws route53 delete-resource-record-set-protections`, then retry"
    } else if says(&["guardrail", "_check"]) {
        "a change guardrail of the hosted zone forbids it: turn that one off with `aws route53 update-hosted-zone-features`, then retry"
    } else if says(&["conflicting rrset", "cname"]) {
        "a record of another type is at that name: delete it, then retry"
    } else if says(&["not permitted in zone"]) {
        "the name isn't in that hosted zone: correct `record.zone`, restart, then retry"
    } else if says(&["alias target", "aliastarget", "hosted zone"]) {
        "Route 53 doesn't take the alias target: correct `endpoint` in the configuration, restart, then retry"
    } else {
        "change what Route 53 names, then retry"
    }
}

#[cfg(test)]
mod tests {
    use super::meaning;

    #[test]
    fn the_words_of_route_53_say_what_to_do() {
        let cases = [
            ("[The resource record set [name='app.shop.example.', type='A'] has a protection: legal]", "protections"),
            ("[Rejected by ACTIVE_RECORD_CHECK]", "guardrail"),
            (
                "[RRSet of type A with DNS name app.shop.example. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone shop.example.]",
                "another type",
            ),
            ("[RRSet with DNS name app.other.example. is not permitted in zone shop.example.]", "record.zone"),
            (
                "[Tried to create an alias that targets d-x.example., type A in zone Z1, but the alias target name does not lie within the target zone]",
                "endpoint",
            ),
            ("[Something new]", "what Route 53 names"),
        ];
        for (message, fix) in cases {
            assert!(meaning(message).contains(fix), "{message}: {}", meaning(message));
        }
    }
}
