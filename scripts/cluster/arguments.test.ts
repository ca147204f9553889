import { expect } from 'chai';
import { parseCommand } from './arguments.ts';

describe('arguments of npm run cluster', () => {
  const cases = [
    { argv: [], command: { kind: 'help' } },
    { argv: ['up', '--help'], command: { kind: 'help' } },
    { argv: ['up'], command: { kind: 'up', provider: undefined, spec: { name: 'kwasm' } } },
    {
      argv: ['up', '--name', 'two', '--range', '10.9.0.0/16', '--nodes', '2.3:systemd, 1.6', '--provider', 'local'],
      command: {
        kind: 'up',
        provider: 'local',
        spec: {
          name: 'two',
          range: '10.9.0.0/16',
          nodes: [
            { containerd: '2.3', cgroupDriver: 'systemd' },
            { containerd: '1.6', cgroupDriver: 'cgroupfs' },
          ],
        },
      },
    },
    { argv: ['down', '--name', 'two'], command: { kind: 'down', name: 'two', provider: undefined } },
    { argv: ['kubeconfig'], command: { kind: 'kubeconfig', name: 'kwasm', provider: undefined } },
    { argv: ['add', 'ingress', '--name', 'two'], command: { kind: 'add', name: 'two', addon: 'ingress' } },
    { argv: ['remove', 'metrics-server'], command: { kind: 'remove', name: 'kwasm', addon: 'metrics-server' } },
    {
      argv: ['exec', 'kwasm-1', '--', 'ls', '-l'],
      command: { kind: 'exec', name: 'kwasm', node: 'kwasm-1', argv: ['ls', '-l'] },
    },
  ];
  for (const { argv, command } of cases) {
    it(argv.join(' ') || 'nothing', () => expect(parseCommand(argv)).to.deep.equal(command));
  }

  it('takes the provider from the environment, the option first', () => {
    const env = { KWASM_CLUSTER_PROVIDER: 'kind' };
    expect(parseCommand(['up'], env)).to.include({ provider: 'kind' });
    expect(parseCommand(['up', '--provider', 'local'], env)).to.include({ provider: 'local' });
  });

  const refused = [
    { argv: ['upp'], says: "'upp' is not a command" },
    { argv: ['up', 'now'], says: "no argument 'now'" },
    { argv: ['up', '--node', '2.3'], says: '--node' },
    { argv: ['up', '--nodes', '2.9'], says: "'2.9' is not a node" },
    { argv: ['up', '--nodes', '2.3:openrc'], says: "'2.3:openrc' is not a node" },
    { argv: ['up', '--nodes', ''], says: 'is not a node' },
    { argv: ['up', '--name', 'Kwasm'], says: '--name Kwasm' },
    { argv: ['up', '--name', 'a-name-too-long'], says: '--name' },
    { argv: ['up', '--provider', 'minikube'], says: '--provider minikube' },
    { argv: ['down', '--nodes', '2.3'], says: "belong to 'up'" },
    { argv: ['add'], says: 'wants one add-on' },
    { argv: ['add', 'dashboard'], says: "not 'dashboard'" },
    { argv: ['remove', 'ingress', 'metrics-server'], says: 'one add-on' },
    { argv: ['exec', 'kwasm-1'], says: 'exec wants a node and a command' },
  ];
  for (const { argv, says } of refused) {
    it(`refuses ${argv.join(' ')}`, () => expect(() => parseCommand(argv)).to.throw(says));
  }
});
