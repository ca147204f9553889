import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { EXIT, EXIT_MEANINGS } from '../../src/cli/exit.ts';
import { commandsOf, makeProgram } from '../../src/cli/program.ts';
import { withCommands } from './cli.ts';

describe('docs/cli.md', () => {
  const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

  it("has the command's own tree", () => {
    expect(page, 'run `npm run manifests`').to.equal(withCommands(page));
  });

  it('has every exit code', () => {
    expect(Object.keys(EXIT_MEANINGS)).to.have.members(Object.keys(EXIT));
    for (const code of Object.values(EXIT)) expect(page).to.contain(`| ${code} | `);
  });

  it('has a description of every command and every flag to show', () => {
    for (const command of commandsOf(makeProgram())) {
      expect(command.description(), command.name()).not.to.equal('');
      for (const { flags, description } of command.options)
        expect(description, `${command.name()} ${flags}`).not.to.equal('');
    }
  });
});
