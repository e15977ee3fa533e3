//! What a person would do in a shell: run kubectl, and not look at whole tokens.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use doorward_testkit::{kubectl, output_within};

/// Runs `kubectl get pods`, and shows what it says
pub(crate) fn list_pods(kubeconfig: &Path) -> Result<(), Box<dyn Error>> {
    let Some(kubectl) = kubectl() else {
        return Ok(());
    };
    println!("kubectl takes it:");
    println!("$ kubectl --kubeconfig {} get pods", kubeconfig.display());
    let mut command = Command::new(kubectl);
    command.arg("--kubeconfig").arg(kubeconfig);
    // kubectl keeps a cache in the home folder.
    let home = kubeconfig.parent().ok_or("the file is in no folder")?;
    let command = command.args(["get", "pods"]).env("HOME", home);
    let output = output_within(Duration::from_secs(60), command)?;
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    match output.status.success() {
        true => Ok(()),
        false => Err("kubectl could not list the pods".into()),
    }
}

/// The text with names in place of the hosts of origins
pub(crate) fn renamed(text: &str, names: &[(String, &str)]) -> String {
    let host = |origin: &str| origin.replace("https://", "");
    let rename = |text: String, (origin, name): &(String, &str)| text.replace(&host(origin), name);
    names.iter().fold(text.to_owned(), rename)
}

/// The text with 12 characters and `…` of each long word
pub(crate) fn cut(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace);
    let cut = |word: &str| match word.char_indices().nth(12) {
        Some((at, _)) if word.len() > 60 => word.replacen(word[at..].trim_end(), "…", 1),
        _ => word.to_owned(),
    };
    words.map(cut).collect()
}
