//! A function: it answers HTTP as a component of wasi:http/proxy. Each request gets an instance of its own, so that nothing that is kept in statics outlives it.
use wstd::http::{Body, Error, Request, Response};

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    let greeting = greet(request.uri().path());
    Ok(Response::builder()
        .header("content-type", "text/plain; charset=utf-8")
        .body(greeting.into())?)
}

fn greet(path: &str) -> String {
    format!("Hello from WASI! Path: {path}\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn greets_and_says_which_path_was_asked_for() {
        assert_eq!(super::greet("/shop"), "Hello from WASI! Path: /shop\n");
    }
}
