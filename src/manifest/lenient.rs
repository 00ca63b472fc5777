//! Reading a manifest that may be wrong.
//!
//! One value of the wrong type must not silence every other check, so a field that cannot be read is taken
//! as absent here. Nothing is hidden by that: the schema check reports every such value by its place.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};

/// Reads a field, or takes its default when the value has the wrong type.
pub(super) fn field<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Lenient + Default,
{
    Ok(T::read(serde_json::Value::deserialize(deserializer)?).unwrap_or_default())
}

/// A type that reads itself from JSON as far as that goes.
pub(super) trait Lenient: Sized {
    fn read(value: serde_json::Value) -> Option<Self>;
}

impl<T: Lenient> Lenient for Option<T> {
    fn read(value: serde_json::Value) -> Option<Self> {
        Some(T::read(value))
    }
}

impl<T: Lenient + Default> Lenient for Vec<T> {
    /// A member that cannot be read leaves its default behind, so that the others keep their positions.
    fn read(value: serde_json::Value) -> Option<Self> {
        match value {
            serde_json::Value::Array(items) => {
                Some(items.into_iter().map(|item| T::read(item).unwrap_or_default()).collect())
            }
            _ => None,
        }
    }
}

impl<T: Lenient + Default> Lenient for std::collections::BTreeMap<String, T> {
    fn read(value: serde_json::Value) -> Option<Self> {
        match value {
            serde_json::Value::Object(members) => {
                Some(members.into_iter().map(|(key, item)| (key, T::read(item).unwrap_or_default())).collect())
            }
            _ => None,
        }
    }
}

/// Types whose own `Deserialize` is lenient enough already.
macro_rules! whole {
    ($($name:ty),+ $(,)?) => {$(
        impl crate::manifest::lenient::Lenient for $name {
            fn read(value: serde_json::Value) -> Option<Self> {
                crate::manifest::lenient::read_whole(value)
            }
        }
    )+};
}
pub(super) use whole;

whole!(String, bool, serde_json::Value);

pub(super) fn read_whole<T: DeserializeOwned>(value: serde_json::Value) -> Option<T> {
    T::deserialize(value).ok()
}

/// Declares a noun of the manifest: serde data in camelCase whose every field is read leniently.
macro_rules! noun {
    ($(#[$outer:meta])* pub struct $name:ident {
        $($(#[$inner:meta])* pub $field:ident: $type:ty,)*
    }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub struct $name {
            $(
                $(#[$inner])*
                #[serde(deserialize_with = "crate::manifest::lenient::field")]
                pub $field: $type,
            )*
        }
        crate::manifest::lenient::whole!($name);
    };
}
pub(super) use noun;
