import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { hasGo } from '../../src/func/run/testing.ts';
import type { Kwasm, Said } from '../harness/cli.ts';
import { eventually } from '../harness/eventually.ts';
import { type FuncCluster, funcCluster } from '../harness/func-cluster.ts';
import { WORKLOADS } from '../harness/workloads.ts';

/** What a function of its own may do, beside the template's greeting. */
const ASKER = `package function

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func Handle(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/panic":
		panic("the secret")
	case "/context":
		fmt.Fprint(w, os.Getenv("GREETING"))
	case "/ask":
		answer, err := http.Get("http://" + r.URL.Query().Get("host"))
		if err != nil {
			fmt.Fprint(w, "refused: ", err)
			return
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		fmt.Fprintf(w, "%d %s", answer.StatusCode, text)
	default:
		io.Copy(w, r.Body)
	}
}
`;

/** The compiler of the author's machine, Go's own and nothing else, and the nodes that were provisioned. */
describe('kwasm func in Go, on a cluster', function () {
  this.timeout(900_000);
  let cluster: FuncCluster | undefined;
  let kwasm: Kwasm;
  let push: readonly string[];

  before(async function () {
    if (!hasGo()) return this.skip();
    cluster = await funcCluster();
    ({ kwasm, registry: push } = cluster);
  });
  after(async () => await cluster?.remove());

  const well = ({ exitCode, out, err }: Said) => {
    expect(exitCode, `${out}\n${err}`).to.equal(0);
    return out;
  };
  const deploy = async (name: string) =>
    well(await kwasm.run('func', 'deploy', '--path', name, ...push, '--timeout', '4m'));
  const asked = async (name: string, path: string, ...more: readonly string[]) =>
    (await kwasm.run('func', 'invoke', name, '--request-path', path, ...more)).out;

  it('from an empty directory to a URL that answers', async () => {
    well(await kwasm.run('func', 'create', '-l', 'go-wasi', 'hello'));
    const began = performance.now();
    expect((await deploy('hello')).trim()).to.equal(`http://hello.${WORKLOADS}.svc.cluster.local`);
    expect(await asked('hello', '/a?b=c')).to.equal('Hello from WASI! Path: /a');
    console.log(`      ${((performance.now() - began) / 1000).toFixed(1)} s`);
  });

  it('two builds, in two directories, are one component', async () => {
    well(await kwasm.run('func', 'create', '-l', 'go-wasi', 'again/hello'));
    const digest = async (path: string) => /digest (\S+)/.exec(well(await kwasm.run('func', 'build', '-p', path)))?.[1];
    expect(await digest('again/hello')).to.equal(await digest('hello'));
  });

  it('has its variables, and what is sent; a panic is a 500 and ends nothing', async () => {
    well(await kwasm.run('func', 'create', '-l', 'go-wasi', 'asker'));
    writeFileSync(join(kwasm.directory, 'asker/handle.go'), ASKER);
    const yaml = join(kwasm.directory, 'asker/func.yaml');
    appendFileSync(yaml, 'run:\n  envs: [{ name: GREETING, value: hello }]\n');
    await deploy('asker');
    expect(await asked('asker', '/context')).to.equal('hello');
    expect(await asked('asker', '/', '--data', 'ünï'.repeat(3000))).to.equal('ünï'.repeat(3000));
    const panicked = await kwasm.run('func', 'invoke', 'asker', '--request-path', '/panic');
    expect(`${panicked.out}${panicked.err}`).to.contain('500').and.not.to.contain('the secret');
    expect((await kwasm.run('func', 'logs', 'asker')).out).to.contain('panic: the secret');
    expect(await asked('asker', '/context')).to.equal('hello');
  });

  it('reaches nobody, and then whom func.yaml names', async () => {
    const host = `hello.${WORKLOADS}.svc.cluster.local`;
    expect(await asked('asker', `/ask?host=${host}`)).to.match(/^refused: .*denied/);
    const yaml = join(kwasm.directory, 'asker/func.yaml');
    const network = `  network:\n    tcp:\n      connect: ['${host}:80']\n`;
    const before = readFileSync(yaml, 'utf8'); // deploy has written there
    const there = /^deploy:\n/m.test(before);
    writeFileSync(yaml, there ? before.replace(/^deploy:\n/m, `deploy:\n${network}`) : `${before}deploy:\n${network}`);
    await deploy('asker');
    await eventually('the new pod at the URL', 30_000, async (seen) => {
      const said = await asked('asker', `/ask?host=${host}`);
      seen(said);
      return said === '200 Hello from WASI! Path: /' ? true : undefined;
    });
  });
});
