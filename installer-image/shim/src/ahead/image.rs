//! What is WebAssembly of an image, from its manifest and configuration in containerd's content store.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use containerd_shim_wasm::shim::Shim;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Refused;
use crate::WasmtimeShim;
use crate::kept::Digest;

/// A manifest or a configuration; containerd has the same limit.
const JSON_BYTES_MAX: u64 = 8 << 20;
/// Each may take its time to compile. Images have one.
const LAYERS_MAX: usize = 8;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
}

#[derive(Deserialize)]
struct Manifest {
    /// An index has none: containerd takes an ordinary image of it, such as a sidecar's.
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    architecture: String,
}

/// In the order of the manifest, as containerd-shim-wasm takes them. Empty: an ordinary image.
pub fn wasm_layers(blobs: &Path, manifest: &str) -> Result<Vec<Digest>> {
    let manifest: Manifest = json(blobs, manifest)?;
    let Some(config) = manifest.config else {
        return Ok(Vec::new());
    };
    let config: Config = json(blobs, &config.digest)?;
    if config.architecture != "wasm" {
        return Ok(Vec::new());
    }
    let supported = WasmtimeShim::supported_layers_types();
    let wasm: Vec<_> = manifest.layers.iter().filter(|layer| supported.contains(&layer.media_type.as_str())).collect();
    if wasm.len() > LAYERS_MAX {
        let layers = wasm.len();
        bail!(Refused(format!("the image has {layers} layers of WebAssembly; at most {LAYERS_MAX} are compiled")));
    }
    // containerd-shim-wasm would read it whole, whatever its size.
    wasm.iter().map(|layer| parse(&layer.digest).map_err(|err| Refused(err.to_string()).into())).collect()
}

fn parse(digest: &str) -> Result<Digest> {
    Digest::parse(digest).with_context(|| format!("{digest} is no digest of sha256"))
}

fn json<T: DeserializeOwned>(blobs: &Path, digest: &str) -> Result<T> {
    let file = File::open(blobs.join(parse(digest)?.file())).with_context(|| digest.to_owned())?;
    let mut bytes = Vec::new();
    file.take(JSON_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > JSON_BYTES_MAX {
        bail!("{digest} has more than {JSON_BYTES_MAX} bytes");
    }
    serde_json::from_slice(&bytes).with_context(|| digest.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn put(blobs: &Path, text: &str) -> String {
        let digest = Digest::of(text.as_bytes());
        fs::write(blobs.join(digest.file()), text).expect("written");
        digest.as_str().to_owned()
    }

    fn manifest(blobs: &Path, architecture: &str, layers: &str) -> String {
        let config = put(blobs, &format!(r#"{{"architecture":"{architecture}","os":"wasip2"}}"#));
        let config = format!(r#"{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}"}}"#);
        put(blobs, &format!(r#"{{"schemaVersion":2,"config":{config},"layers":[{layers}]}}"#))
    }

    #[test]
    fn layers_of_wasm_are_told_from_others() {
        let blobs = std::env::temp_dir().join(format!("shim-image-{}", std::process::id()));
        fs::create_dir_all(&blobs).expect("made");
        let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
        let layer = |media: &str, digest: &str| format!(r#"{{"mediaType":"{media}","digest":"{digest}","size":3}}"#);
        let layers = [
            layer("application/vnd.oci.image.layer.v1.tar", two.as_str()),
            layer("application/wasm", one.as_str()),
            layer("application/vnd.bytecodealliance.wasm.component.layer.v0+wasm", two.as_str()),
        ]
        .join(",");
        let found = |manifest: &str| wasm_layers(&blobs, manifest);
        assert_eq!(found(&manifest(&blobs, "wasm", &layers)).expect("read"), [one.clone(), two.clone()]);
        assert_eq!(found(&manifest(&blobs, "amd64", &layers)).expect("read"), []);
        for odd in [layer("application/wasm", "sha512:00"), vec![layer("application/wasm", one.as_str()); 9].join(",")]
        {
            assert!(found(&manifest(&blobs, "wasm", &odd)).expect_err(&odd).is::<Refused>());
        }
        assert_eq!(found(&put(&blobs, r#"{"schemaVersion":2,"manifests":[]}"#)).expect("an index"), []);
        assert!(found(Digest::of(b"nowhere").as_str()).is_err());
        fs::remove_dir_all(blobs).expect("removed");
    }
}
