import { expect } from 'chai';
import { knowsBaseTemplate } from './distribution.ts';
import { declaresFound, parseTemplate, templateInForce } from './template.ts';

const v3 = { kind: 'file', path: '/config-v3.toml.tmpl', text: '' } as const;
const v2 = { kind: 'file', path: '/config.toml.tmpl', text: '' } as const;
const no3 = { kind: 'absent', path: v3.path } as const;
const no2 = { kind: 'absent', path: v2.path } as const;

describe('the template in force', () => {
  for (const [name, files, major, rendered, path] of [
    ['containerd 2 reads the version 3 one first', [v3, v2], 2, { version: 3 }, v3.path],
    ['then the other', [no3, v2], 2, { version: 2 }, v2.path],
    ['containerd 1 reads the second alone', [v3, no2], 1, { version: 2 }, v2.path],
    ['without one, that of the version which is rendered', [no3, no2], 2, { version: 3 }, v3.path],
    ['and never the other', [no3, no2], 2, { version: 2 }, v2.path],
  ] as const) {
    it(name, () => expect(templateInForce(files, major, rendered)?.path).to.equal(path));
  }
});

describe('a Go template as TOML', () => {
  for (const [name, text, value] of [
    ['an action alone on its line', '{{ template "base" . }}\n[a]\nb = 1\n', { a: { b: 1 } }],
    ['several', '{{ range $x := .Y }}{{ end }}\na = 1\n', { a: 1 }],
    ['one over several lines', '{{- /* [not.a.table]\n x */ -}}\na = 1\n', { a: 1 }],
    ['one inside a string', 'a = "{{ .B }}/c"\n', { a: 'xxxxxxxx/c' }],
  ] as const) {
    it(name, () => {
      const parsed = parseTemplate(text);
      expect(parsed).to.have.property('kind', 'toml');
      if (parsed.kind === 'toml') expect({ ...parsed.document.value }).to.deep.equal(value);
      if (parsed.kind === 'toml') expect(parsed.document.text).to.equal(text);
    });
  }

  it('is none where an action makes the syntax', () => {
    expect(parseTemplate('{{ if .X }}[a]{{ end }} b = 1\n')).to.have.property('kind', 'invalid');
  });

  it('declares what K3s found if it extends the base, or lists it itself', () => {
    expect(declaresFound('{{ template "base" . }}')).to.equal(true);
    expect(declaresFound('{{- template "base" . -}}')).to.equal(true);
    expect(declaresFound('{{ range $k, $v := .ExtraRuntimes }}{{ end }}')).to.equal(true);
    expect(declaresFound('version = 2\n')).to.equal(false);
  });
});

describe('releases that know the base template', () => {
  for (const [release, known] of [
    ['1.24.16+k3s1', false],
    ['1.24.17+k3s1', true],
    ['1.25.12+rke2r1', false],
    ['1.27.5+k3s1', true],
    ['1.28.0+k3s1', false],
    ['1.34.3+rke2r1', true],
    ['1.35.0-rc1+k3s1', true],
    ['', undefined],
  ] as const) {
    it(release || 'unknown', () => expect(knowsBaseTemplate(release)).to.equal(known));
  }
});
