import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseDockerfile } from './dockerfile.ts';

const IMAGES = join(import.meta.dirname, '../../installer-image');

describe('parseDockerfile', () => {
  it('reads what our images use', () => {
    const text = `
      # a comment
      ARG BASE=example.org/node:24
      FROM \${BASE}
      ARG VERSION
      LABEL title="two words" version="\${VERSION}"
      COPY app/ /app/
      COPY one /etc/one
      ENV A=1 B="2 3"
      USER 65532:65532
      EXPOSE 8080/tcp 8081/tcp
      ENTRYPOINT ["/bin/node", "/app/main.mjs"]
      CMD ["install"]`;
    expect(parseDockerfile(text, { VERSION: '1.2.3', UNDECLARED: 'x' })).to.deep.equal({
      base: 'example.org/node:24',
      copies: [
        { from: 'app/', to: '/app/' },
        { from: 'one', to: '/etc/one' },
      ],
      config: {
        user: '65532:65532',
        env: { A: '1', B: '2 3' },
        labels: { title: 'two words', version: '1.2.3' },
        entrypoint: ['/bin/node', '/app/main.mjs'],
        cmd: ['install'],
        ports: ['8080/tcp', '8081/tcp'],
      },
    });
  });

  it('takes --build-arg before the default', () => {
    expect(parseDockerfile(`ARG BASE=a\nFROM \${BASE}`, { BASE: 'b' }).base).to.equal('b');
  });

  const refused = [
    { line: 'RUN apt-get update', says: 'RUN is not one of the instructions' },
    { line: 'COPY --chmod=755 a /a', says: 'without options' },
    { line: 'COPY a b /c/', says: 'one source and one target' },
    { line: 'COPY a relative', says: 'FILE /FILE' },
    { line: 'COPY dir/ /file', says: 'FILE /FILE' },
    { line: 'CMD install', says: 'shell form' },
    { line: 'CMD [1]', says: 'not a list of strings' },
    { line: 'ENV A=$B', says: 'cannot read A=$B' },
    { line: 'ENV A 1', says: 'cannot read A 1' },
    { line: `LABEL a=\${NOWHERE}`, says: 'ARG NOWHERE is not declared' },
    { line: 'COPY a \\', says: 'continued lines' },
    { line: 'FROM scratch', says: 'a second FROM' },
    { line: 'ARG not-a-name', says: 'NAME or NAME=VALUE' },
  ];
  for (const { line, says } of refused) {
    it(`refuses ${line}, and says where`, () => {
      expect(() => parseDockerfile(`FROM scratch\n\n${line}\n`, {}))
        .to.throw(says)
        .with.property('message')
        .that.includes('line 3');
    });
  }

  it('refuses a file that does nothing', () => {
    expect(() => parseDockerfile('# nothing', {})).to.throw('no FROM');
    expect(() => parseDockerfile('USER 1\nFROM scratch', {})).to.throw('comes before FROM');
  });

  for (const name of readdirSync(IMAGES).filter((file) => file.endsWith('Dockerfile'))) {
    it(`reads ${name}`, () => {
      const recipe = parseDockerfile(readFileSync(join(IMAGES, name), 'utf8'), { VERSION: '1' });
      expect(recipe.config.entrypoint).to.have.length.greaterThan(0);
      expect(recipe.copies).to.have.length.greaterThan(0);
    });
  }

  it('gives operator and installer one base, and the operator no root', () => {
    const read = (name: string) => parseDockerfile(readFileSync(join(IMAGES, name), 'utf8'), { VERSION: '1' });
    const [operator, installer] = [read('operator.Dockerfile'), read('Dockerfile')];
    expect(operator.base).to.equal(installer.base);
    expect(operator.config.user).to.equal('65532:65532');
    expect(installer.config).to.include({ user: undefined }).and.have.deep.property('cmd', ['install']);
  });
});
