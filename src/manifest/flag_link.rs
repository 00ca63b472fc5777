//! Links to another tool, shown beside a flag.

use std::collections::BTreeMap;

use super::lenient::noun;

noun! {
    /// How another tool's links look beside a flag.
    pub struct FlagLink {
        /// Heading of the list.
        pub header: String,
        /// What an empty list says.
        pub empty_state: EmptyState,
        /// What a link may carry, by name.
        pub metadata: Option<BTreeMap<String, MetadataField>>,
        /// How one link is drawn.
        pub ui_blocks: UiBlocks,
    }
}

noun! {
    /// What an empty list says.
    pub struct EmptyState {
        /// In large letters.
        pub title: Option<String>,
        /// Below them.
        pub lead_text: Option<String>,
    }
}

noun! {
    /// One thing that a link carries.
    pub struct MetadataField {
        /// `string` or `uri`.
        #[serde(rename = "type")]
        pub kind: String,
    }
}

noun! {
    /// The parts of one link, each text a template.
    pub struct UiBlocks {
        /// A picture.
        pub image: Option<LinkImage>,
        /// Who or what it is from.
        pub name: Option<String>,
        /// The first line.
        pub title: Option<LinkTitle>,
        /// The text below.
        pub description: Option<String>,
        /// The last line.
        pub context: Option<LinkContext>,
    }
}

noun! {
    /// A picture of a link.
    pub struct LinkImage {
        /// Template of its address.
        pub source_url: String,
        /// Whether it is drawn as an icon.
        pub is_icon: Option<bool>,
        /// Whether it is drawn as a face.
        pub is_avatar: Option<bool>,
    }
}

noun! {
    /// The first line of a link.
    pub struct LinkTitle {
        /// Its pieces.
        pub elements: Vec<UiBlockElement>,
        /// Whether the whole line links to the other tool.
        pub link_to_reference: Option<bool>,
    }
}

noun! {
    /// The last line of a link.
    pub struct LinkContext {
        /// Its pieces.
        pub elements: Vec<UiBlockElement>,
    }
}

noun! {
    /// One piece of a line.
    pub struct UiBlockElement {
        /// Template of its text.
        pub text: String,
        /// Whether it is bold.
        pub is_bold: Option<bool>,
        /// Template of the address it links to.
        pub url: Option<String>,
        /// Whether the text is milliseconds to be shown as a time.
        pub is_timestamp: Option<bool>,
    }
}
