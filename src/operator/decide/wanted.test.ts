import { expect } from 'chai';
import { nodeView } from './examples.ts';
import { isWanted } from './wanted.ts';

describe('isWanted', () => {
  const cases = [
    { annotation: 'true', label: undefined, auto: false, os: 'linux', wanted: true },
    { annotation: undefined, label: 'true', auto: false, os: 'linux', wanted: true },
    { annotation: 'false', label: 'true', auto: false, os: 'linux', wanted: true },
    { annotation: 'True', label: undefined, auto: false, os: 'linux', wanted: false },
    { annotation: 'yes', label: '1', auto: false, os: 'linux', wanted: false },
    { annotation: undefined, label: undefined, auto: false, os: 'linux', wanted: false },
    { annotation: undefined, label: undefined, auto: true, os: 'linux', wanted: true },
    { annotation: 'false', label: undefined, auto: true, os: 'linux', wanted: false },
    { annotation: undefined, label: 'false', auto: true, os: 'linux', wanted: false },
    { annotation: 'no', label: undefined, auto: true, os: 'linux', wanted: true },
    { annotation: undefined, label: undefined, auto: true, os: 'windows', wanted: false },
    { annotation: 'true', label: undefined, auto: true, os: 'windows', wanted: true },
  ];
  for (const { annotation, label, auto, os, wanted } of cases) {
    it(`annotation ${annotation}, label ${label}, auto ${auto}, ${os}: ${wanted}`, () => {
      expect(
        isWanted(nodeView({ trigger: { annotation, label }, os }), { autoProvision: auto, mode: 'jobs' }),
      ).to.equal(wanted);
    });
  }
});
