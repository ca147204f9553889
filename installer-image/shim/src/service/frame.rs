//! Messages of ttrpc: a header of ten bytes (length, stream, type, flags; big-endian) and a protobuf message.

use std::io::{self, Read, Write};

use containerd_shim_protos::protobuf::Message;
use containerd_shim_protos::ttrpc::proto::{MESSAGE_HEADER_LENGTH, MESSAGE_LENGTH_MAX, MESSAGE_TYPE_REQUEST};
use containerd_shim_protos::ttrpc::{self, Code, MessageHeader, Request, Response};

#[derive(Debug, PartialEq)]
pub struct Frame {
    /// Passed on as they came.
    header: [u8; MESSAGE_HEADER_LENGTH],
    body: Vec<u8>,
}

impl Frame {
    /// None: the other side has closed the connection, between two messages.
    pub fn read(mut from: impl Read) -> io::Result<Option<Self>> {
        let mut header = [0; MESSAGE_HEADER_LENGTH];
        if from.read(&mut header[..1])? == 0 {
            return Ok(None);
        }
        from.read_exact(&mut header[1..])?;
        let length = MessageHeader::from(header).length as usize;
        if length > MESSAGE_LENGTH_MAX {
            return Err(io::Error::other(format!("a message of {length} bytes")));
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body)?;
        Ok(Some(Self { header, body }))
    }

    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        to.write_all(&[&self.header[..], &self.body].concat())
    }

    /// None: it is no request, or one that is not understood here.
    pub fn request(&self) -> Option<Request> {
        if MessageHeader::from(self.header).type_ != MESSAGE_TYPE_REQUEST {
            return None;
        }
        Request::parse_from_bytes(&self.body).ok()
    }

    /// The answer to this request.
    pub fn reply(&self, result: ttrpc::Result<impl Message>) -> Self {
        let encoded = result.and_then(|answer| {
            answer.write_to_bytes().map_err(|err| ttrpc::Error::Others(format!("it cannot be encoded: {err}")))
        });
        let mut response = Response::new();
        match encoded {
            Ok(payload) => response.payload = payload,
            Err(ttrpc::Error::RpcStatus(status)) => response.set_status(status),
            Err(err) => response.set_status(ttrpc::get_status(Code::INTERNAL, err)),
        }
        let body = response.write_to_bytes().unwrap_or_default();
        let header = MessageHeader::new_response(MessageHeader::from(self.header).stream_id, body.len() as u32);
        let mut found = Self { header: [0; MESSAGE_HEADER_LENGTH], body };
        found.header.copy_from_slice(&Vec::from(header));
        found
    }
}

#[cfg(test)]
pub mod tests {
    use containerd_shim_protos::api::PidsResponse;

    use super::*;

    impl Frame {
        pub fn is_error_on(&self, stream: u32) -> bool {
            let response = Response::parse_from_bytes(&self.body).expect("response");
            MessageHeader::from(self.header).stream_id == stream && response.status.is_some()
        }

        /// The same request, with so much time for its answer.
        pub fn within(&self, nanos: i64) -> Self {
            let mut asked = self.request().expect("a request");
            asked.timeout_nano = nanos;
            let body = asked.write_to_bytes().expect("encoded");
            let header =
                Vec::from(MessageHeader::new_request(MessageHeader::from(self.header).stream_id, body.len() as u32));
            Self { header: header.try_into().expect("ten bytes"), body }
        }
    }

    pub fn request(stream: u32, service: &str, method: &str, payload: Vec<u8>) -> Frame {
        let mut request = Request::new();
        request.service = service.to_owned();
        request.method = method.to_owned();
        request.payload = payload;
        let body = request.write_to_bytes().expect("encoded");
        let header = Vec::from(MessageHeader::new_request(stream, body.len() as u32));
        Frame { header: header.try_into().expect("ten bytes"), body }
    }

    #[test]
    fn is_passed_on_to_the_byte() {
        let bytes = [0, 0, 0, 3, 0, 0, 0, 7, 3, 5, 1, 2, 3, 0];
        let mut from = &bytes[..];
        let frame = Frame::read(&mut from).expect("read").expect("a frame");
        let mut to = Vec::new();
        frame.write(&mut to).expect("written");
        assert_eq!(to, bytes[..13]);
        assert!(frame.request().is_none());
        assert_eq!(from, [0]);
    }

    #[test]
    fn an_end_is_told_from_a_break() {
        assert_eq!(Frame::read(&[][..]).expect("read"), None);
        for length in [1, 9, 10, 12] {
            let bytes = [0, 0, 0, 3, 0, 0, 0, 7, 1, 0, 1, 2];
            assert!(Frame::read(&bytes[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_length_is_not_believed() {
        assert!(Frame::read(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 1, 0][..]).is_err());
    }

    #[test]
    fn a_reply_goes_to_its_stream() {
        let asked = request(9, "s", "m", Vec::new());
        let told = |frame: &Frame| Response::parse_from_bytes(&frame.body).expect("response");
        let good = asked.reply(Ok(PidsResponse::new()));
        assert_eq!(MessageHeader::from(good.header).stream_id, 9);
        assert_eq!(MessageHeader::from(good.header).length as usize, good.body.len());
        assert!(told(&good).status.is_none());
        let bad = asked.reply(Err::<PidsResponse, _>(ttrpc::Error::RpcStatus(ttrpc::get_status(Code::NOT_FOUND, "x"))));
        assert_eq!(told(&bad).status.code.enum_value(), Ok(Code::NOT_FOUND));
    }
}
