//! Lists, a page at a time.

use serde::Serialize;
use utoipa::ToSchema;

use crate::store::Page;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List<T> {
    /// The items.
    pub(super) items: Vec<T>,
    /// Give this as `after` to go on; absent at the end. A page may be short and yet have a next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

impl<T> From<Page<T>> for List<T> {
    fn from(page: Page<T>) -> Self {
        List { items: page.items, next: page.next.map(|cursor| cursor.to_string()) }
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        List { items, next: None }
    }
}
