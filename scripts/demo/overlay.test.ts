import { expect } from 'chai';
import { load } from 'js-yaml';
import { overlay } from './overlay.ts';

describe('overlay of the demo', () => {
  const digest = `sha256:${'ab'.repeat(32)}`;

  it('names the image by digest and puts one pod on each node', () => {
    const file = load(overlay('../base', `10.0.0.1:5000/kwasm-demo@${digest}`, 3)) as {
      readonly resources: unknown;
      readonly images: unknown;
      readonly patches: readonly { readonly patch: string }[];
    };
    expect(file.resources).to.deep.equal(['../base']);
    expect(file.images).to.deep.equal([{ name: 'kwasm-demo', newName: '10.0.0.1:5000/kwasm-demo', digest }]);
    const { spec } = JSON.parse(file.patches[0]?.patch ?? '');
    expect(spec.replicas).to.equal(3);
    expect(spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution).to.have.lengthOf(
      1,
    );
  });

  it('takes no tag: a tag may move', () => {
    expect(() => overlay('../base', '10.0.0.1:5000/kwasm-demo:latest', 1)).to.throw('no reference by digest');
  });
});
