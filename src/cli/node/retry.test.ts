import { expect } from 'chai';
import { nodeView } from '../../operator/decide/examples.ts';
import { CliError, EXIT } from '../exit.ts';
import { giveBack } from './retry.ts';

describe('kwasm node retry', () => {
  it('gives every node its wish back, also when one of them cannot be written', async () => {
    const given: string[] = [];
    const nodes = ['a', 'gone', 'c'].map((name) => nodeView({ name }));
    const error = await giveBack(nodes, async ({ name }) => {
      if (name === 'gone') throw new CliError('cannot retry node gone: HTTP 404', { exitCode: EXIT.notFound });
      given.push(name);
    }).then(
      () => undefined,
      (thrown: CliError) => thrown,
    );
    expect(given).to.deep.equal(['a', 'c']);
    expect(error?.exitCode).to.equal(EXIT.notFound);
    expect(error?.message).to.contain('kwasm node enable gone');
  });
});
