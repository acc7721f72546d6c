//! What else is in the account, beside the applications: what a person's real account does to whoever looks around in it.

/// Neighbors of the applications, and bounds of the account. By default there is nothing of it.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Public hosted zones of others, which Route 53 lists before those of the applications.
    pub other_zones: u32,
    /// Requests a second that Route 53 takes of the whole account; `None` for any number. AWS has five.
    pub route53_rate: Option<usize>,
    /// A Gateway Load Balancer in each region: its listener has no rules, and asking for them is refused.
    pub gateway_balancers: bool,
    /// A load balancer in each region that is listed, and gone by the time its listeners are asked for.
    pub vanishing_balancers: bool,
    /// Most entries on one page of a list, where AWS would put more.
    pub page: Option<usize>,
    /// How API Gateway has the applications' custom domains.
    pub domains: Domains,
}

/// How API Gateway has the applications' custom domains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Domains {
    /// Regional, known to both versions of its API.
    #[default]
    Regional,
    /// Regional, and listed by the REST APIs' version alone.
    RestOnly,
    /// Edge-optimized: behind a CloudFront distribution, without a regional name.
    Edge,
}
