//! The network that a peer is in, as far as strangers are concerned.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU64;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Longest prefix of an IPv6 network, in bits: what one customer of a provider has at least.
pub const LONGEST_IPV6: u8 = 56;

/// Bits of a network's address; the length of its prefix and its family stand before them.
const BITS: u32 = 56;

/// What is added to the length of an IPv6 prefix, so that it differs from every IPv4 one.
const IPV6: u8 = 64;

/// A network of neighbours, who are counted together: small enough to be kept for each of a million devices.
///
/// Prints as `192.0.2.0/24` or `2001:db8::/56`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subnet(NonZeroU64);

impl Subnet {
    /// Gives the network of an address, by the lengths of prefixes: 1 to 32 for IPv4, 1 to 56 for IPv6.
    pub fn of(address: IpAddr, ipv4: u8, ipv6: u8) -> Self {
        let (kind, bits) = match address.to_canonical() {
            IpAddr::V4(address) => {
                let length = ipv4.clamp(1, 32);
                (length, u64::from(address.to_bits() >> (32 - length) << (32 - length)))
            }
            IpAddr::V6(address) => {
                let length = ipv6.clamp(1, LONGEST_IPV6);
                let kept = address.to_bits() >> (128 - u32::from(length));
                let bits = kept << (BITS - u32::from(length));
                (IPV6 + length, u64::try_from(bits).unwrap_or_default())
            }
        };
        let packed = u64::from(kind) << BITS | bits;
        Self(NonZeroU64::new(packed).unwrap_or(NonZeroU64::MIN))
    }

    /// Gives it as a number that is never 0.
    pub const fn packed(self) -> u64 {
        self.0.get()
    }

    /// Takes it back from a number; `None` for 0.
    pub fn unpacked(packed: u64) -> Option<Self> {
        NonZeroU64::new(packed).map(Self)
    }

    /// Gives its address and prefix.
    pub fn prefix(self) -> IpNet {
        let kind = u8::try_from(self.packed() >> BITS).unwrap_or_default();
        let bits = self.packed() & ((1 << BITS) - 1);
        if kind > IPV6 {
            let address = Ipv6Addr::from_bits(u128::from(bits) << (128 - BITS));
            Ipv6Net::new(address, kind - IPV6).unwrap_or_default().into()
        } else {
            let address = Ipv4Addr::from_bits(u32::try_from(bits).unwrap_or_default());
            Ipv4Net::new(address, kind).unwrap_or_default().into()
        }
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.prefix().fmt(f)
    }
}

impl fmt::Debug for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subnet({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_in_one_network() {
        let rows = [
            ("192.0.2.7", "192.0.2.0/24"),
            ("::ffff:192.0.2.255", "192.0.2.0/24"),
            ("255.255.255.255", "255.255.255.0/24"),
            ("0.0.0.0", "0.0.0.0/24"),
            ("2001:db8:1:2ff::1", "2001:db8:1:200::/56"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ff00::/56"),
            ("::", "::/56"),
        ];
        for (address, printed) in rows {
            let network = Subnet::of(address.parse().unwrap(), 24, 56);
            assert_eq!(network.to_string(), printed);
            assert_eq!(Subnet::unpacked(network.packed()), Some(network));
        }
        assert_eq!(Subnet::of("192.0.2.7".parse().unwrap(), 32, 56).to_string(), "192.0.2.7/32");
        assert_eq!(Subnet::of("2001:db8::1".parse().unwrap(), 24, 48).to_string(), "2001:db8::/48");
    }
}
