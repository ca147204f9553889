import { expect } from 'chai';
import { VERSION_GUARD } from './bundle.ts';

describe('the version guard of the bundled command', () => {
  /** What it does on a Node of this version. */
  function on(node: string): { readonly said: string; readonly code: number | undefined } {
    let [said, code]: [string, number | undefined] = ['', undefined];
    const process = {
      versions: { node },
      exit: (given: number) => {
        code = given;
      },
    };
    const console = {
      error: (text: string) => {
        said = text;
      },
    };
    new Function('process', 'console', VERSION_GUARD)(process, console);
    return { said, code };
  }

  for (const node of ['18.20.0', '20.20.2', '22.18.0']) {
    it(`refuses ${node}, and says what is needed`, () => {
      const { said, code } = on(node);
      expect(code).to.equal(1);
      expect(said).to.contain(`this is Node ${node}`).and.to.contain('Node 22.19 or newer');
    });
  }

  for (const node of ['22.19.0', '24.0.0', '26.1.0']) {
    it(`lets ${node} go on`, () => expect(on(node)).to.deep.equal({ said: '', code: undefined }));
  }
});
