//! What a failed TLS handshake with an endpoint means, from the words of rustls.

/// Parts of rustls's errors, and what is wrong with what to do.
const FAULTS: [(&[&str], &str); 4] = [
    (
        &["UnknownIssuer", "UnknownCA", "SelfSigned", "CaUsedAsEndEntity"],
        "the host doesn't trust the certificate's authority; if that is a private CA, set SSL_CERT_FILE to a PEM file with its certificate and the system's",
    ),
    (
        &["certificate expired", "certificate not valid yet", "Expired", "NotValidYet"],
        "the certificate isn't valid today, or the host's clock is off; renew the certificate",
    ),
    (
        &["not valid for name", "NotValidForName"],
        "the certificate is for another name than the URL's; add that name to it",
    ),
    (
        &["CertificateRequired", "BadCertificate", "HandshakeFailure", "CertificateUnknown", "AccessDenied"],
        "the endpoint demands a client certificate (mutual TLS), and Standby has none; give it a health URL without",
    ),
];

/// The meaning, if the cause is one of TLS that people can mend.
pub(super) fn meaning(cause: &str) -> Option<&'static str> {
    let fits = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    FAULTS.iter().find(|(words, _)| fits(words)).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::meaning;

    #[test]
    fn a_handshake_that_failed_says_what_to_do() {
        let cases = [
            ("invalid peer certificate: UnknownIssuer", "SSL_CERT_FILE"),
            ("invalid peer certificate: Expired", "renew"),
            ("invalid peer certificate: certificate not valid for name \"x\"; NotValidForName", "another name"),
            ("received fatal alert: CertificateRequired", "mutual TLS"),
        ];
        for (cause, wanted) in cases {
            assert!(meaning(cause).is_some_and(|said| said.contains(wanted)), "{cause}");
        }
        assert_eq!(meaning("connection refused"), None);
    }
}
