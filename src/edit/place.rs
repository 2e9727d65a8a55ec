//! Where new records go.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

/// Gives the document of an organization, of a provider, or of the administrator, below the root.
pub(super) fn usual(provider: Option<&str>, organization: Option<&str>) -> PathBuf {
    match (provider, organization) {
        (Some(provider), Some(organization)) => {
            PathBuf::from(harmless(provider)).join(format!("{}.toml", harmless(organization)))
        }
        (Some(one), None) | (None, Some(one)) => PathBuf::from(format!("{}.toml", harmless(one))),
        (None, None) => PathBuf::from("administrator.toml"),
    }
}

/// Makes a name of an id that neither leaves the folder nor hides in it, nor is another's on a disk that does not tell
/// small letters from capital ones. Most ids are such names already.
fn harmless(id: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.@".contains(c);
    let is_name = !id.is_empty() && id.len() <= 64 && !id.starts_with('.') && id.chars().all(is_plain);
    // The folder of `a.toml` would be the document of `a`.
    if is_name && id != "administrator" && !id.ends_with(".toml") {
        return id.to_owned();
    }
    let kept = id.chars().flat_map(char::to_lowercase).map(|c| if is_plain(c) { c } else { '_' });
    let name: String = kept.take(64).collect();
    let digest = Sha256::digest(id.as_bytes());
    let mark: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{}~{mark}", name.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_go_to_the_document_of_whom_they_belong_to() {
        let usual = |provider, organization| usual(provider, organization).display().to_string();
        assert_eq!(usual(Some("sp0086"), Some("org0087")), "sp0086/org0087.toml");
        assert_eq!(usual(Some("sp0086"), None), "sp0086.toml");
        assert_eq!(usual(None, None), "administrator.toml");
    }

    #[test]
    fn no_id_leaves_the_folder_hides_or_meets_another_one() {
        let ids =
            ["..", ".hidden", "a/../../b", "Org", "ORG", "org", "administrator", "", "a\0b", "é", "org.toml"];
        let names: Vec<String> = ids.iter().map(|id| harmless(id)).collect();
        for name in &names {
            assert!(!name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0']), "{name:?}");
            assert!(name.is_ascii() && *name == name.to_lowercase(), "{name:?}");
        }
        let mut distinct = names.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), ids.len(), "{names:?}");
        assert_eq!(names[5], "org");
    }
}
