import { labelLists } from './label-lists.ts';

/** What `kwasm fn init --lang rust` writes: a WASI preview 1 command. yaml-rust2 keeps no comments, so neither does what its tests expect. */
export function rustTemplate(name: string): Readonly<Record<string, string>> {
  const lists = labelLists();
  const expected = 'tests/labels/expected.yaml';
  return {
    'function.json': `${JSON.stringify({ lang: 'rust', module: `${name}.wasm` }, null, 2)}\n`,
    'Cargo.toml': `[package]\nname = "${name}"\nversion = "0.1.0"\nedition = "2024"\n\n${DEPENDENCIES}`,
    'src/main.rs': MAIN,
    'src/labels.rs': LABELS,
    '.gitignore': `/${name}.wasm\n/target/\n`,
    ...lists,
    [expected]: `---\n${lists[expected]?.replace(/ #.*/, '')}`,
    'README.md': readme(name),
  };
}

const DEPENDENCIES = `[dependencies]
yaml-rust2 = { version = "0.13.0", default-features = false }

[profile.release]
opt-level = "s"
lto = true
strip = true
`;

const MAIN = `//! A KRM function: a ResourceList on stdin, the changed one on stdout, words for people on stderr.
mod labels;

use std::io::{Read, Write};
use std::process::ExitCode;
use yaml_rust2::{YamlEmitter, YamlLoader};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut input = String::new();
    std::io::stdin()
        .read_to_string(&mut input)
        .map_err(|error| format!("stdin: {error}"))?;
    let mut documents =
        YamlLoader::load_from_str(&input).map_err(|error| format!("stdin is no YAML: {error}"))?;
    let list = documents.first_mut().ok_or("stdin is empty")?;
    labels::transform(list)?;
    let mut output = String::new();
    YamlEmitter::new(&mut output)
        .dump(list)
        .map_err(|error| error.to_string())?;
    writeln!(std::io::stdout(), "{output}").map_err(|error| format!("stdout: {error}"))
}
`;

const LABELS = `use yaml_rust2::Yaml;
use yaml_rust2::yaml::Hash;

/// Sets the labels of functionConfig.data on every item. Comments are lost here: kwasm fn eval and render bring them back.
pub fn transform(list: &mut Yaml) -> Result<(), String> {
    let labels = match &list["functionConfig"]["data"] {
        Yaml::Hash(labels) if !labels.is_empty() => labels.clone(),
        _ => return Err("functionConfig.data is empty: say which labels to set".into()),
    };
    let Some(Yaml::Array(items)) = field(list, "items") else {
        return Ok(());
    };
    for (at, item) in items.iter_mut().enumerate() {
        let Some(Yaml::Hash(metadata)) = field(item, "metadata") else {
            return Err(format!("item {} has no metadata", at + 1));
        };
        let known = metadata
            .entry(Yaml::String("labels".into()))
            .or_insert_with(|| Yaml::Hash(Hash::new()));
        if let Yaml::Hash(known) = known {
            known.extend(labels.clone());
        }
    }
    Ok(())
}

fn field<'a>(parent: &'a mut Yaml, name: &str) -> Option<&'a mut Yaml> {
    match parent {
        Yaml::Hash(fields) => fields.get_mut(&Yaml::String(name.into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::transform;
    use yaml_rust2::YamlLoader;

    #[test]
    fn sets_what_it_is_told() {
        let text = "{items: [{metadata: {labels: {a: b}}}], functionConfig: {data: {team: shop}}}";
        let mut list = YamlLoader::load_from_str(text).unwrap().remove(0);
        transform(&mut list).unwrap();
        let labels = &list["items"][0]["metadata"]["labels"];
        assert_eq!(
            (labels["a"].as_str(), labels["team"].as_str()),
            (Some("b"), Some("shop"))
        );
    }
}
`;

function readme(name: string): string {
  return `# ${name}

A KRM function: it sets the labels of its functionConfig on every object.

\`\`\`bash
rustup target add wasm32-wasip1
kwasm fn build            # ${name}.wasm, by cargo build --release --target wasm32-wasip1
kwasm fn test             # each directory below tests/: input.yaml gives expected.yaml, or fails with error.txt
kwasm fn test --update    # writes expected.yaml anew
cargo test                # the same code, as a program of this machine
kwasm fn run ${name}.wasm -f deployment.yaml -- team=shop
kwasm wasm push ${name}.wasm registry.example.com/${name}:1
\`\`\`
`;
}
