import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';

/** mocha's spec reporter that also appends its counts to the file named in KWASM_TEST_COUNTS, one JSON line a run. */
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const file = process.env.KWASM_TEST_COUNTS;
      if (file === undefined) return;
      const { passes, failures, pending } = runner.stats;
      appendFileSync(file, `${JSON.stringify({ passed: passes, failed: failures, skipped: pending })}\n`);
    });
  }
}
