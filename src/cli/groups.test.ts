import { expect } from 'chai';
import type { Command } from 'commander';
import { groups, groupsFor, NAMED } from './groups.ts';
import { commandsOf, makeProgram } from './program.ts';

/** All that can be typed below this command, with what its help says. */
function told(command: Command | undefined): readonly string[] {
  return command === undefined ? [] : commandsOf(command).map((one) => one.helpInformation());
}

describe('the group that the first word names', () => {
  const whole = makeProgram(groups);

  for (const name of Object.keys(NAMED)) {
    it(`${name}: is as it is in the whole tree`, () => {
      const alone = makeProgram(groupsFor([name, '--help']));
      expect(alone.commands.map((command) => command.name())).to.deep.equal([name]);
      const inTree = whole.commands.find((command) => command.name() === name);
      expect(told(alone.commands[0])).to.deep.equal(told(inTree)).and.not.to.be.empty;
      expect(alone.options.map(({ flags }) => flags)).to.deep.equal(whole.options.map(({ flags }) => flags));
    });
  }

  it('is looked for in the first word only, and else all are there', () => {
    for (const words of [[], ['--help'], ['--context', 'fn'], ['help', 'fn'], ['constructor'], ['func'], ['no-such']])
      expect(groupsFor(words), words.join(' ')).to.equal(groups);
  });

  it("is told of by 'kwasm help', and by nothing below, where help may be a name", () => {
    expect(whole.helpInformation()).to.contain('help [command]');
    for (const command of whole.commands) expect(command.helpInformation()).not.to.contain('help [command]');
  });
});
