//! The reference schema's verdict on broken and unbroken manifests.
