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

  it('names no exit code that no story shows on a real cluster', () => {
    const stories = ['cli', 'cli-release'].map((name) =>
      readFileSync(new URL(`../../e2e/${name}.test.ts`, import.meta.url), 'utf8'),
    );
    const shown = new Set(
      stories.flatMap((text) => [...text.matchAll(/ended\(.*EXIT\.(\w+)\);/g)].map(([, key]) => key)),
    );
    expect([...shown]).to.have.members(Object.keys(EXIT));
  });

  it('has a description of every command and every flag to show', () => {
    for (const command of commandsOf(makeProgram())) {
      expect(command.description(), command.name()).not.to.equal('');
      for (const { flags, description } of command.options)
        expect(description, `${command.name()} ${flags}`).not.to.equal('');
    }
  });
});
