import { expect } from 'chai';
import { FuncError } from '../func-error.ts';
import { functionShape } from '../function-shape.ts';
import { localSettings } from './local-settings.ts';

describe("a run's settings on this machine", () => {
  const MEBIBYTE = 1024 * 1024;
  const file = (more: object) => functionShape.parse({ name: 'hello', runtime: 'ts-wasi', created: 'now', ...more });
  const none = { env: [] };

  it('take values, and variables of the caller, and say what only a cluster has', () => {
    const envs = [
      { name: 'A', value: 'a' },
      { name: 'HOME_OF', value: '{{ env:HOUSE }}' },
      { name: 'TOKEN', value: '{{ secret:shop:token }}' },
      { value: '{{ configMap:shop }}' },
    ];
    const volumes = [{ secret: 'keys', path: '/keys' }];
    const { env, left } = localSettings(file({ run: { envs, volumes } }), { env: ['A-', 'B=b=c'] }, { HOUSE: '/home' });
    expect(env).to.deep.equal({ HOME_OF: '/home', B: 'b=c' });
    expect(left).to.deep.equal([
      'TOKEN (of secret shop); --env TOKEN=... sets it',
      'all of configMap shop',
      'the volume keys at /keys',
    ]);
  });
  it('name the variable that is not there', () => {
    const settings = () => localSettings(file({ run: { envs: [{ name: 'A', value: '{{ env:NO }}' }] } }), none, {});
    expect(settings).to.throw(FuncError, 'run.envs: A is {{ env:NO }}, and there is no NO');
  });
  it('refuse what is no variable', () => {
    expect(() => localSettings(file({}), { env: ['A'] }, {})).to.throw(FuncError, '--env A: write NAME=value');
  });
  for (const [limit, flag, bytes] of [
    [undefined, undefined, 256 * MEBIBYTE],
    ['1.5Gi', undefined, 768 * MEBIBYTE],
    ['100M', undefined, Math.floor(50_000_000 / 65_536) * 65_536],
    ['1e8', undefined, Math.floor(50_000_000 / 65_536) * 65_536],
    ['64Mi', 128 * MEBIBYTE, 128 * MEBIBYTE],
  ] as const) {
    it(`give an instance half of ${limit ?? 'nothing'}${flag === undefined ? '' : ', unless told'}`, () => {
      const resources = limit === undefined ? {} : { limits: { memory: limit } };
      const settings = localSettings(file({ deploy: { options: { resources } } }), { env: [], memoryBytes: flag }, {});
      expect(settings.memoryBytes).to.equal(bytes);
    });
  }
});
