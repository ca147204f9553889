import { CHAR, isBlankOrEnd, isBreak, isPrintable } from './chars.ts';

/** In which styles a value can be written (libyaml's analysis, by go-yaml's choices). */
export interface ScalarFacts {
  readonly multiline: boolean;
  readonly flowPlain: boolean;
  readonly blockPlain: boolean;
  readonly singleQuoted: boolean;
  readonly block: boolean;
}

const EMPTY: ScalarFacts = { multiline: false, flowPlain: false, blockPlain: true, singleQuoted: true, block: false };
const SIMPLE: ScalarFacts = { multiline: false, flowPlain: true, blockPlain: true, singleQuoted: true, block: true };

/** Most values are such words: no character of them means anything anywhere. */
const WORD = /^[A-Za-z0-9_/.$=~+()<;\\^][A-Za-z0-9_/.$=~+()<>;\\^&*!@%|"'`-]*$/;

export function scalarFacts(value: string): ScalarFacts {
  if (value === '') return EMPTY;
  if (WORD.test(value) && !value.startsWith('...')) return SIMPLE;
  return analyse(value);
}

function analyse(value: string): ScalarFacts {
  const indicators = indicatorsIn(value);
  let multiline = false;
  let special = false;
  let tab = false;
  let breakSpace = false;
  let spaceBreak = false;
  let before: 'space' | 'break' | 'other' = 'other';
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (c === CHAR.tab) tab = true;
    else if (!isPrintable(c)) special = true;
    if (c === CHAR.space) {
      if (before === 'break') breakSpace = true;
      before = 'space';
    } else if (isBreak(c)) {
      multiline = true;
      if (before === 'space') spaceBreak = true;
      before = 'break';
    } else before = 'other';
  }
  const first = value.charCodeAt(0);
  const last = value.charCodeAt(value.length - 1);
  const edges = first === CHAR.space || isBreak(first) || last === CHAR.space || isBreak(last);
  const noPlain = edges || breakSpace || spaceBreak || tab || special || multiline;
  return {
    multiline,
    flowPlain: !noPlain && !indicators.flow,
    blockPlain: !noPlain && !indicators.block,
    singleQuoted: !(breakSpace || spaceBreak || tab || special),
    block: !(last === CHAR.space || spaceBreak || special),
  };
}

interface Indicators {
  readonly flow: boolean;
  readonly block: boolean;
}

const FIRST = new Set([...'#,[]{}&*!|>\'"%@`'].map((char) => char.charCodeAt(0)));
const INSIDE_FLOW = new Set([...',?[]{}'].map((char) => char.charCodeAt(0)));

function indicatorsIn(value: string): Indicators {
  let flow = value.startsWith('---') || value.startsWith('...');
  let block = flow;
  let afterBlank = true;
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    const next = i + 1 < value.length ? value.charCodeAt(i + 1) : CHAR.space;
    const beforeBlank = next === CHAR.space || next === CHAR.tab;
    if (i === 0) {
      if (FIRST.has(c)) {
        flow = true;
        block = true;
      } else if (c === CHAR.question || c === CHAR.colon) {
        flow = true;
        block ||= beforeBlank;
      } else if (c === CHAR.dash && beforeBlank) {
        flow = true;
        block = true;
      }
    } else if (INSIDE_FLOW.has(c)) flow = true;
    else if (c === CHAR.colon) {
      flow = true;
      block ||= beforeBlank;
    } else if (c === CHAR.hash && afterBlank) {
      flow = true;
      block = true;
    }
    afterBlank = isBlankOrEnd(c);
  }
  return { flow, block };
}
