//! What kind of place an IP address is.
//!
//! Pure: an address in, a kind out. IPv6 addresses that carry an IPv4 address inside are judged by what
//! they carry, since a gateway on the way would take the packet there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of place an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// Anywhere on the open internet.
    Public,
    /// This machine: `127.0.0.0/8`, `::1`.
    Loopback,
    /// A private network: `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`, `fc00::/7`.
    Private,
    /// Shared by a carrier's customers: `100.64.0.0/10`.
    CarrierGrade,
    /// The same wire: `169.254.0.0/16`, `fe80::/10`.
    LinkLocal,
    /// Where clouds keep the credentials of a machine: `169.254.169.254` and its like.
    Metadata,
    /// Many receivers at once.
    Multicast,
    /// No address at all: `0.0.0.0/8`, `::`. Systems take it for this machine.
    Unspecified,
    /// For examples in documents.
    Documentation,
    /// For measuring network gear.
    Benchmarking,
    /// Set aside for other uses, or not handed out.
    Reserved,
}

impl AddressKind {
    /// The kind as a sentence about an address ends: `it is a loopback address`.
    pub fn describe(self) -> &'static str {
        match self {
            AddressKind::Public => "a public address",
            AddressKind::Loopback => "a loopback address",
            AddressKind::Private => "a private address",
            AddressKind::CarrierGrade => "a carrier's shared address",
            AddressKind::LinkLocal => "a link-local address",
            AddressKind::Metadata => "a cloud's metadata service",
            AddressKind::Multicast => "a multicast address",
            AddressKind::Unspecified => "an unspecified address",
            AddressKind::Documentation => "an address for documentation",
            AddressKind::Benchmarking => "an address for benchmarks",
            AddressKind::Reserved => "a reserved address",
        }
    }
}

/// What kind of place `address` is.
pub fn classify(address: IpAddr) -> AddressKind {
    match address {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => classify_v6(address),
    }
}

fn classify_v4(address: Ipv4Addr) -> AddressKind {
    match address.octets() {
        // The machine's own services at several clouds; the last two lie outside the link-local block.
        [169, 254, 169, 254] | [169, 254, 170, 2] | [100, 100, 100, 200] | [168, 63, 129, 16] => AddressKind::Metadata,
        [0, ..] => AddressKind::Unspecified,
        [127, ..] => AddressKind::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressKind::Private,
        [100, 64..=127, ..] => AddressKind::CarrierGrade,
        [169, 254, ..] => AddressKind::LinkLocal,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => AddressKind::Documentation,
        [198, 18..=19, ..] => AddressKind::Benchmarking,
        [192, 0, 0, _] | [192, 88, 99, _] | [240..=255, ..] => AddressKind::Reserved,
        [224..=239, ..] => AddressKind::Multicast,
        _ => AddressKind::Public,
    }
}

fn classify_v6(address: Ipv6Addr) -> AddressKind {
    let segments = address.segments();
    if address.is_unspecified() {
        return AddressKind::Unspecified;
    }
    if address.is_loopback() {
        return AddressKind::Loopback;
    }
    if let Some(carried) = carried(&segments) {
        return carried
            .into_iter()
            .map(classify_v4)
            .find(|kind| *kind != AddressKind::Public)
            .unwrap_or(AddressKind::Public);
    }
    match segments {
        [0xfd00, 0xec2, ..] => AddressKind::Metadata,
        [0xfc00..=0xfdff, ..] => AddressKind::Private,
        [0xfe80..=0xfebf, ..] => AddressKind::LinkLocal,
        [0xff00..=0xffff, ..] => AddressKind::Multicast,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressKind::Documentation,
        [0x2001, 2, 0, ..] => AddressKind::Benchmarking,
        // The rest of the block for protocols; then everything outside the one block of public addresses.
        [0x2001, 0..=0x1ff, ..] => AddressKind::Reserved,
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        _ => AddressKind::Reserved,
    }
}

/// The IPv4 addresses that an IPv6 address carries.
fn carried(segments: &[u16; 8]) -> Option<Vec<Ipv4Addr>> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    Some(match *segments {
        // Mapped (`::ffff:a.b.c.d`), translated (`::ffff:0:a.b.c.d`), compatible (`::a.b.c.d`).
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] | [0, 0, 0, 0, 0, 0, high, low] => {
            vec![v4(high, low)]
        }
        // NAT64, the well-known prefix and its twin for networks of one's own.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => vec![v4(high, low)],
        [0x64, 0xff9b, 1, ..] => vec![Ipv4Addr::BROADCAST],
        // 6to4.
        [0x2002, high, low, ..] => vec![v4(high, low)],
        // Teredo: a server, and a client written with every bit turned over.
        [0x2001, 0, server_high, server_low, _, _, high, low] => {
            vec![v4(server_high, server_low), v4(!high, !low)]
        }
        // ISATAP: an interface that is named by its IPv4 address.
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => vec![v4(high, low)],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{AddressKind, classify};

    fn kind(address: &str) -> AddressKind {
        classify(address.parse().expect("the row is an address"))
    }

    #[test]
    fn every_family_is_told_apart() {
        use AddressKind::*;
        for (address, expected) in [
            ("8.8.8.8", Public),
            ("1.1.1.1", Public),
            ("172.15.255.255", Public),
            ("172.32.0.1", Public),
            ("100.63.255.255", Public),
            ("100.128.0.1", Public),
            ("198.17.255.255", Public),
            ("198.20.0.1", Public),
            ("192.0.1.1", Public),
            ("223.255.255.255", Public),
            ("127.0.0.1", Loopback),
            ("127.255.255.254", Loopback),
            ("10.0.0.1", Private),
            ("172.16.0.1", Private),
            ("172.31.255.255", Private),
            ("192.168.1.1", Private),
            ("100.64.0.1", CarrierGrade),
            ("100.127.255.255", CarrierGrade),
            ("169.254.1.1", LinkLocal),
            ("169.254.169.254", Metadata),
            ("169.254.170.2", Metadata),
            ("100.100.100.200", Metadata),
            ("168.63.129.16", Metadata),
            ("224.0.0.1", Multicast),
            ("239.255.255.255", Multicast),
            ("0.0.0.0", Unspecified),
            ("0.1.2.3", Unspecified),
            ("192.0.2.1", Documentation),
            ("198.51.100.1", Documentation),
            ("203.0.113.9", Documentation),
            ("198.18.0.1", Benchmarking),
            ("198.19.255.255", Benchmarking),
            ("192.0.0.1", Reserved),
            ("192.88.99.1", Reserved),
            ("240.0.0.1", Reserved),
            ("255.255.255.255", Reserved),
            ("2606:4700::1111", Public),
            ("2a00:1450::1", Public),
            ("2001:4860::8888", Public),
            ("::", Unspecified),
            ("::1", Loopback),
            ("fc00::1", Private),
            ("fdff::1", Private),
            ("fd00:ec2::254", Metadata),
            ("fe80::1", LinkLocal),
            ("febf::1", LinkLocal),
            ("fec0::1", Reserved),
            ("ff02::1", Multicast),
            ("2001:db8::1", Documentation),
            ("3fff::1", Documentation),
            ("3fff:1000::1", Public),
            ("2001:2::1", Benchmarking),
            ("2001:10::1", Reserved),
            ("2001:20::1", Reserved),
            ("100::1", Reserved),
            ("5f00::1", Reserved),
            ("4000::1", Reserved),
            ("64:ff9b:1::1", Reserved),
        ] {
            assert_eq!(kind(address), expected, "{address}");
        }
    }

    #[test]
    fn an_address_that_carries_another_is_judged_by_what_it_carries() {
        use AddressKind::*;
        for (address, expected) in [
            ("::ffff:127.0.0.1", Loopback),
            ("::ffff:169.254.169.254", Metadata),
            ("::ffff:10.1.2.3", Private),
            ("::ffff:8.8.8.8", Public),
            ("::ffff:0:127.0.0.1", Loopback),
            ("::127.0.0.1", Loopback),
            ("::2", Unspecified),
            ("::8.8.8.8", Public),
            ("64:ff9b::7f00:1", Loopback),
            ("64:ff9b::a9fe:a9fe", Metadata),
            ("64:ff9b::808:808", Public),
            ("2002:7f00:1::", Loopback),
            ("2002:a9fe:a9fe::1", Metadata),
            ("2002:c0a8:101::1", Private),
            ("2002:808:808::1", Public),
            // Teredo: 65.54.227.120 is a server of old; the client's bits are turned over.
            ("2001:0:4136:e378:8000:63bf:80ff:fffe", Loopback),
            ("2001:0:4136:e378:8000:63bf:f7f7:f7f7", Public),
            ("2001:0:7f00:1:8000:63bf:f7f7:f7f7", Loopback),
            ("2a00:1450::5efe:10.0.0.1", Private),
            ("2a00:1450::200:5efe:127.0.0.1", Loopback),
        ] {
            assert_eq!(kind(address), expected, "{address}");
        }
    }
}
