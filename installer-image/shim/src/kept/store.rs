//! Puts machine code into containerd's content store, beside the layer that it was compiled from.

use std::collections::HashMap;
use std::sync::Arc;
use std::{env, mem};

use anyhow::{Context, Result, bail};
use containerd_client::services::v1::containers_client::ContainersClient;
use containerd_client::services::v1::content_client::ContentClient;
use containerd_client::services::v1::images_client::ImagesClient;
use containerd_client::services::v1::{
    GetContainerRequest, GetImageRequest, Info, InfoRequest, UpdateRequest, WriteAction, WriteContentRequest,
};
use containerd_client::tonic::metadata::{Ascii, MetadataValue};
use containerd_client::tonic::transport::Channel;
use containerd_client::tonic::{Code, Request, Status};
use tokio_stream::iter;

use super::Digest;

/// What a layer refers to by such a label is kept as long as the layer is, in the words of containerd's garbage collector.
const KEPT_WITH_LAYER: &str = "containerd.io/gc.ref.content.kwasm-code";
/// gRPC takes messages of 4 MiB from everybody; containerd 16.
const CHUNK: usize = 1 << 20;

pub type Labels = HashMap<String, String>;

pub struct Store {
    channel: Channel,
    namespace: MetadataValue<Ascii>,
}

impl Store {
    /// That of the containerd that this shim was started by, which says so in its arguments.
    pub async fn connect() -> Result<Self> {
        let args: Vec<String> = env::args().collect();
        let (Some(address), Some(namespace)) = (flag(&args, "address"), flag(&args, "namespace")) else {
            bail!("the shim was started without -address or -namespace");
        };
        let channel = containerd_client::connect(address).await.with_context(|| format!("containerd at {address}"))?;
        Ok(Self { channel, namespace: namespace.parse()? })
    }

    /// The label first: what nothing refers to may be collected as soon as it is there.
    pub async fn keep(&self, code: &Arc<Vec<u8>>, layer: &str) -> Result<Digest> {
        let digest = Digest::of(code);
        self.label(layer, [(KEPT_WITH_LAYER.to_owned(), digest.as_str().to_owned())].into()).await?;
        self.write(code, &digest, Labels::new()).await?;
        Ok(digest)
    }

    /// Of the image that a container is made from: its manifest.
    pub async fn manifest_of(&self, container: &str) -> Result<String> {
        let asked = self.request(GetContainerRequest { id: container.to_owned() });
        let found = ContainersClient::new(self.channel.clone()).get(asked).await?.into_inner();
        let name = found.container.context("containerd told of no container")?.image;
        let asked = self.request(GetImageRequest { name: name.clone() });
        let found = ImagesClient::new(self.channel.clone()).get(asked).await?.into_inner();
        let target = found.image.and_then(|image| image.target);
        Ok(target.with_context(|| format!("containerd told nothing of the image {name}"))?.digest)
    }

    pub async fn labels(&self, digest: &str) -> Result<Labels> {
        let asked = self.request(InfoRequest { digest: digest.to_owned() });
        let told = self.client().info(asked).await.with_context(|| format!("labels of {digest}"))?.into_inner();
        Ok(told.info.unwrap_or_default().labels)
    }

    /// Beside those that are there already.
    pub async fn label(&self, digest: &str, labels: Labels) -> Result<()> {
        let paths = labels.keys().map(|key| format!("labels.{key}")).collect();
        let info = Info { digest: digest.to_owned(), labels, ..Default::default() };
        // The type of the mask is not exported, so that its value can only be changed.
        let mut update = UpdateRequest { info: Some(info), update_mask: Some(Default::default()) };
        if let Some(mask) = &mut update.update_mask {
            mask.paths = paths;
        }
        self.client().update(self.request(update)).await.with_context(|| format!("a label for {digest}"))?;
        Ok(())
    }

    pub async fn write(&self, content: &Arc<Vec<u8>>, digest: &Digest, labels: Labels) -> Result<()> {
        match self.try_write(content, digest, labels).await {
            Ok(written) if written == digest.as_str() => Ok(()),
            Ok(written) => bail!("containerd has written {written} for {}", digest.as_str()),
            // By another pod of this image that started at the same time.
            Err(status) if status.code() == Code::AlreadyExists => Ok(()),
            Err(status) => Err(status).with_context(|| format!("writing {}", digest.as_str())),
        }
    }

    /// The digest by which containerd has it.
    async fn try_write(&self, content: &Arc<Vec<u8>>, digest: &Digest, labels: Labels) -> Result<String, Status> {
        let requests = iter(requests(content.clone(), digest.as_str().to_owned(), labels));
        let mut answers = self.client().write(self.request(requests)).await?.into_inner();
        let mut written = String::new();
        while let Some(mut answer) = answers.message().await? {
            written = mem::take(&mut answer.digest);
        }
        Ok(written)
    }

    fn client(&self) -> ContentClient<Channel> {
        ContentClient::new(self.channel.clone())
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("containerd-namespace", self.namespace.clone());
        request
    }
}

/// One after the other, so that there is no second copy of the code.
fn requests(code: Arc<Vec<u8>>, expected: String, labels: Labels) -> impl Iterator<Item = WriteContentRequest> {
    let total = code.len();
    // Unlike by digest alone, two pods that start at the same time do not wait for each other.
    let reference = format!("kwasm-code-{expected}-{}", std::process::id());
    let chunks = (0..total).step_by(CHUNK).map(move |offset| {
        let data = code[offset..total.min(offset + CHUNK)].to_vec();
        WriteContentRequest { action: WriteAction::Write.into(), offset: offset as i64, data, ..Default::default() }
    });
    let commit =
        WriteContentRequest { action: WriteAction::Commit.into(), offset: total as i64, labels, ..Default::default() };
    chunks.chain([commit]).map(move |request| WriteContentRequest {
        r#ref: reference.clone(),
        total: total as i64,
        expected: expected.clone(),
        ..request
    })
}

/// As containerd gives flags: `-name value`.
fn flag<'a>(args: &'a [String], name: &str) -> Option<&'a str> {
    args.windows(2)
        .find(|pair| pair[0].trim_start_matches('-') == name && pair[0].starts_with('-'))
        .map(|pair| pair[1].as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_containerds() {
        let args = ["shim", "-namespace", "k8s.io", "-id", "x", "-address", "/run/c.sock"].map(str::to_owned);
        assert_eq!(flag(&args, "address"), Some("/run/c.sock"));
        assert_eq!(flag(&args, "namespace"), Some("k8s.io"));
        assert_eq!(flag(&args[..6], "address"), None);
    }

    #[test]
    fn code_is_written_piece_by_piece_and_then_committed() {
        for length in [1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let labels = Labels::from([("of".to_owned(), "it".to_owned())]);
            let code: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let requests: Vec<_> = requests(Arc::new(code.clone()), "sha256:00".to_owned(), labels.clone()).collect();
            let (commit, writes) = requests.split_last().expect("some");
            let written: Vec<u8> = writes.iter().flat_map(|request| request.data.clone()).collect();
            assert_eq!(written, code);
            assert_eq!((commit.offset, commit.total), (length as i64, length as i64));
            assert_eq!((commit.action, &commit.expected[..]), (WriteAction::Commit.into(), "sha256:00"));
            assert_eq!(commit.labels, labels);
            assert!(writes.iter().all(|request| request.data.len() <= CHUNK && request.action == commit.action - 1));
        }
    }
}
