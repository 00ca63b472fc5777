//! The address guard: which addresses a request may go to.
//!
//! It stands on every way out and is asked with the very addresses that a connection will use, after the
//! name was resolved, so that a name cannot answer one thing to the guard and another to the sender.

use std::net::IpAddr;

use super::address::{AddressKind, classify};

/// Decides which addresses a request may go to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AddressGuard {
    allow_private: bool,
}

/// Why a request does not go out: no address of its host may be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct RefusedAddress {
    /// The host, as the request names it.
    pub host: String,
    /// The first of its addresses that was refused.
    pub address: IpAddr,
    /// What kind of place that is.
    pub kind: AddressKind,
}

impl RefusedAddress {
    fn sentence(&self) -> String {
        let RefusedAddress { host, address, kind } = self;
        let literal = host.trim_start_matches('[').trim_end_matches([']', '.']);
        if literal.parse() == Ok(*address) {
            format!("address `{address}` is refused: it is {}", kind.describe())
        } else {
            format!("address `{address}` of `{host}` is refused: it is {}", kind.describe())
        }
    }

    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        if AddressGuard::allowing_private().allows(self.kind) {
            "`--allow-private` allows receivers on this machine and in private networks"
        } else {
            "requests never go to such an address; check the host in the integration's form"
        }
    }
}

impl AddressGuard {
    /// Lets public addresses through, and nothing else.
    pub fn public_only() -> Self {
        AddressGuard { allow_private: false }
    }

    /// Lets through receivers on this machine and in private networks as well. Metadata services, link-local,
    /// multicast and reserved addresses stay refused: no receiver lives there.
    pub fn allowing_private() -> Self {
        AddressGuard { allow_private: true }
    }

    fn allows(self, kind: AddressKind) -> bool {
        match kind {
            AddressKind::Public => true,
            AddressKind::Loopback | AddressKind::Private | AddressKind::CarrierGrade => self.allow_private,
            _ => false,
        }
    }

    /// Checks one address.
    ///
    /// # Errors
    /// The address is refused.
    pub fn check(&self, host: &str, address: IpAddr) -> Result<(), RefusedAddress> {
        let kind = classify(address);
        if self.allows(kind) { Ok(()) } else { Err(RefusedAddress { host: host.to_owned(), address, kind }) }
    }

    /// Keeps what may be reached of a name's addresses. A refused address among good ones is dropped, not a
    /// reason to refuse the rest: names with a stray private record exist, and since only the addresses that
    /// are kept are ever connected to, nothing is lost by using them.
    ///
    /// # Errors
    /// None is left.
    pub fn filter(&self, host: &str, addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, RefusedAddress> {
        let mut refused = None;
        let mut kept = Vec::with_capacity(addresses.len());
        for address in addresses {
            match self.check(host, address) {
                Ok(()) => kept.push(address),
                Err(reason) => refused = refused.or(Some(reason)),
            }
        }
        match refused {
            Some(reason) if kept.is_empty() => Err(reason),
            _ => Ok(kept),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::AddressGuard;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("the row is an address")
    }

    #[test]
    fn private_places_need_to_be_allowed_and_worse_ones_stay_refused() {
        for (text, public_only, allowing_private) in [
            ("8.8.8.8", true, true),
            ("127.0.0.1", false, true),
            ("::1", false, true),
            ("10.0.0.1", false, true),
            ("fd12::1", false, true),
            ("100.64.0.1", false, true),
            ("::ffff:127.0.0.1", false, true),
            ("169.254.169.254", false, false),
            ("fd00:ec2::254", false, false),
            ("0.0.0.0", false, false),
            ("169.254.7.7", false, false),
            ("fe80::1", false, false),
            ("224.0.0.1", false, false),
            ("192.0.2.1", false, false),
            ("240.0.0.1", false, false),
            ("64:ff9b::a9fe:a9fe", false, false),
        ] {
            assert_eq!(AddressGuard::public_only().check("host", address(text)).is_ok(), public_only, "{text}");
            assert_eq!(
                AddressGuard::allowing_private().check("host", address(text)).is_ok(),
                allowing_private,
                "{text}"
            );
        }
    }

    #[test]
    fn refused_addresses_are_dropped_and_the_last_one_refuses_the_host() {
        let guard = AddressGuard::public_only();
        let mixed = vec![address("10.0.0.1"), address("8.8.8.8"), address("::1")];
        assert_eq!(guard.filter("mixed.example", mixed), Ok(vec![address("8.8.8.8")]));
        let refused =
            guard.filter("inside.example", vec![address("10.0.0.1"), address("::1")]).expect_err("none is left");
        assert_eq!(refused.to_string(), "address `10.0.0.1` of `inside.example` is refused: it is a private address");
        assert!(refused.help().contains("--allow-private"));
    }

    #[test]
    fn the_error_of_a_literal_names_it_once_and_offers_no_switch_that_does_not_help() {
        let refused =
            AddressGuard::public_only().check("169.254.169.254", address("169.254.169.254")).expect_err("refused");
        assert_eq!(refused.to_string(), "address `169.254.169.254` is refused: it is a cloud's metadata service");
        assert!(!refused.help().contains("--allow-private"));
    }
}
