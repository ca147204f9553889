import { globSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { INSTALL_REASONS } from '../../src/contract.ts';
import { REASONS } from '../../src/operator/decide/reason.ts';
import { root } from '../testing/mocha.ts';
import { docPages } from './pages.ts';

/** People search for the words they see: those that are ours have to be in the code as they stand on the page. */
describe('docs/symptoms.md', () => {
  const page = docPages().find(({ path }) => path === 'docs/symptoms.md');
  const codes = page?.codes ?? [];

  it('names reasons that there are', () => {
    const known = new Set([...Object.keys(REASONS), ...Object.keys(INSTALL_REASONS), ...OTHERS]);
    const named = codes.map(({ text }) => text).filter((text) => /^[A-Z][a-z]+([A-Z][a-z]+)+$/.test(text));
    expect(named.length).to.be.greaterThan(8);
    expect(named.filter((text) => !known.has(text))).to.deep.equal([]);
  });

  it("quotes the chart's and the installer's own texts", () => {
    const files = globSync(['helm/kwasm-operator/templates/*.{tpl,yaml}', 'src/installer/**/*.ts'], { cwd: root });
    const ours = files.map((file) => readFileSync(`${root}/${file}`, 'utf8').replace(/%q|%s|%d/g, '...')).join('\n');
    for (const quote of QUOTED) {
      expect(
        codes.map(({ text }) => text),
        quote,
      ).to.include(quote);
      for (const part of quote.split(/ ?\.\.\. ?| "yes"/)) expect(ours).to.contain(part);
    }
  });
});

/** Kubernetes' own, and those of the kubelet. */
const OTHERS = [
  'CrashLoopBackOff',
  'ErrImagePull',
  'FailedCreatePodSandBox',
  'ImagePullBackOff',
  'NotReady',
  'RunContainerError',
];

const QUOTED = [
  'No registry to pull ... from: the images are not published yet',
  'names the archived KWasm operator, which this chart cannot run',
  'kwasmOperator.autoProvision "yes": write true or false',
  'deadlineSeconds ... must be larger than switchSeconds',
  'a restart of containerd would end these pods',
];
