// Checks JSON text where it lies, in the bytes of an update, so that parsing it later can neither throw nor
// surprise. It must stay free of recursion and allocation: the text is whatever a peer chose to send.
import { MAX_VALUE_DEPTH } from "./value.js";

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const OPEN_OBJECT = 0x7b;
/** In ASCII both closing brackets stand two behind their opening ones. */
const OPEN_TO_CLOSE = 2;

const MALFORMED = -1;
const FORBIDDEN_NAME = -2;

/** A member of this name is an own property after `JSON.parse`, and a prototype after the next careless copy. */
const FORBIDDEN = "__proto__";

/** 1 for the ASCII characters that stand for themselves in a JSON string. */
const PLAIN = new Uint8Array(256).fill(1, 0x20, 0x80);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

/** After so many plain characters it pays to look at four at a time. */
const NEAR_BYTES = 8;

/** The opening brackets around the present place, outermost first. Shared: nothing here calls back. */
const open = new Uint8Array(MAX_VALUE_DEPTH);

/** The same bytes twice, since making a view costs more than checking a short text. */
export interface ByteSource {
  readonly bytes: Uint8Array;
  /** Over exactly `bytes`. */
  readonly view: DataView;
}

/** The view of the text that is being checked, and of nothing in between. Shared like `open`. */
const NO_VIEW = new DataView(new ArrayBuffer(0));
let view: DataView = NO_VIEW;

/**
 * What is wrong with bytes `start` to `end` (exclusive) as one JSON text in UTF-8, or undefined when `JSON.parse`
 * takes it, it is nested at most `MAX_VALUE_DEPTH` deep and has no member named `__proto__`, however written.
 */
export function jsonFault(source: ByteSource, start: number, end: number): string | undefined {
  view = source.view;
  const fault = textFault(source.bytes, start, end);
  view = NO_VIEW;
  return fault;
}

function textFault(bytes: Uint8Array, start: number, end: number): string | undefined {
  let depth = 0;
  let at = afterSpace(bytes, start, end);
  for (;;) {
    const bracket = bytes[at] as number;
    if (at < end && (bracket === OPEN_OBJECT || bracket === OPEN_ARRAY)) {
      if (depth === MAX_VALUE_DEPTH) return `JSON nested deeper than ${MAX_VALUE_DEPTH}`;
      at = afterSpace(bytes, at + 1, end);
      open[depth++] = bracket;
      if (at >= end || bytes[at] !== bracket + OPEN_TO_CLOSE) {
        if (bracket === OPEN_OBJECT) at = afterName(bytes, at, end);
        if (at < 0) return faultOf(at);
        continue;
      }
    } else at = afterSpace(bytes, afterScalar(bytes, at, end), end);
    while (depth > 0 && at >= 0 && at < end && bytes[at] === (open[depth - 1] as number) + OPEN_TO_CLOSE) {
      at = afterSpace(bytes, at + 1, end);
      depth--;
    }
    if (at >= 0 && depth === 0) return at === end ? undefined : faultOf(MALFORMED);
    at = afterComma(bytes, at, end);
    if (at >= 0 && open[depth - 1] === OPEN_OBJECT) at = afterName(bytes, at, end);
    if (at < 0) return faultOf(at);
  }
}

function faultOf(fault: number): string {
  return fault === FORBIDDEN_NAME ? `a member named ${FORBIDDEN}` : "text that is not JSON";
}

// Each function below returns the place behind what it read, or a negative fault, and passes on a fault given to it.

function afterSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at >= 0 && at < end) {
    const byte = bytes[at] as number;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
    at++;
  }
  return at;
}

function afterComma(bytes: Uint8Array, at: number, end: number): number {
  if (at < 0 || at >= end || bytes[at] !== COMMA) return MALFORMED;
  return afterSpace(bytes, at + 1, end);
}

/** Behind a member's name, its colon and the space around it. */
function afterName(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || bytes[start] !== QUOTE) return MALFORMED;
  const behind = afterString(bytes, start + 1, end);
  if (behind < 0) return behind;
  if (isForbiddenName(bytes, start + 1, behind - 1)) return FORBIDDEN_NAME;
  const at = afterSpace(bytes, behind, end);
  if (at >= end || bytes[at] !== COLON) return MALFORMED;
  return afterSpace(bytes, at + 1, end);
}

/** Whether the characters of a valid JSON string spell the forbidden name; any of them may be an escape. */
function isForbiddenName(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  for (let i = 0; i < FORBIDDEN.length; i++) {
    let code = bytes[at++] as number;
    if (at > end) return false;
    if (code === BACKSLASH) {
      // Of all escapes only \uXXXX can stand for a letter or an underscore of it.
      if (bytes[at] !== LETTER_U) return false;
      code = 0;
      for (let digit = 1; digit <= 4; digit++) code = code * 16 + hexDigit(bytes[at + digit] as number);
      at += 5;
    }
    if (code !== FORBIDDEN.charCodeAt(i)) return false;
  }
  return at === end;
}

function afterScalar(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return MALFORMED;
  switch (bytes[at]) {
    case QUOTE:
      return afterString(bytes, at + 1, end);
    case 0x74:
      return within(end, afterWord(bytes, at, "true"));
    case 0x66:
      return within(end, afterWord(bytes, at, "false"));
    case 0x6e:
      return within(end, afterWord(bytes, at, "null"));
    default:
      return afterNumber(bytes, at, end);
  }
}

function within(end: number, at: number): number {
  return at <= end ? at : MALFORMED;
}

function afterWord(bytes: Uint8Array, at: number, word: string): number {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return MALFORMED;
  return at + word.length;
}

/** `start` is behind the opening quote; the result is behind the closing one. */
function afterString(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (;;) {
    const near = Math.min(at + NEAR_BYTES, end);
    while (at < near && PLAIN[bytes[at] as number] === 1) at++;
    if (at === near && near < end) at = afterPlainWords(at, end);
    while (at < end && PLAIN[bytes[at] as number] === 1) at++;
    if (at >= end) return MALFORMED;
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at + 1;
    const length = byte === BACKSLASH ? escapeLength(bytes, at, end) : utf8SequenceLength(bytes, at, end);
    if (length === 0) return MALFORMED;
    at += length;
  }
}

/**
 * Behind the plain characters from `start`, four at a time, or a few before their end: 0.5 ns for a byte instead of 1.3.
 * A byte that is not plain sets the highest bit of one of the terms: one above 0x7f has it, one below 0x20 gets it by
 * the first subtraction, and a quote or backslash, made 0 by the exclusive or, by the others. A borrow between the
 * bytes needs such a byte below, so it adds nothing wrong.
 */
function afterPlainWords(start: number, end: number): number {
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at);
    const terms =
      word | (word - 0x20202020) | ((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101);
    if (terms & 0x80808080) break;
  }
  return at;
}

/** The length of the escape at `at`, a backslash, or 0 when it is none. */
function escapeLength(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return 0;
  switch (bytes[at + 1]) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // solidus
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return 2;
    case LETTER_U:
      if (at + 6 > end) return 0;
      for (let i = 2; i < 6; i++) if (hexDigit(bytes[at + i] as number) < 0) return 0;
      return 6;
    default:
      return 0;
  }
}

function hexDigit(byte: number): number {
  if (isDigit(byte)) return byte - ZERO;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}

function afterNumber(bytes: Uint8Array, start: number, end: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  at = at < end && bytes[at] === ZERO ? at + 1 : afterDigits(bytes, at, end);
  if (at >= 0 && at < end && bytes[at] === DOT) at = afterDigits(bytes, at + 1, end);
  if (at >= 0 && at < end && ((bytes[at] as number) | 0x20) === 0x65) {
    at++;
    if (at < end && (bytes[at] === MINUS || bytes[at] === 0x2b)) at++;
    at = afterDigits(bytes, at, end);
  }
  return at;
}

/** Behind at least one digit. */
function afterDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(bytes[at] as number)) at++;
  return at > start ? at : MALFORMED;
}

/**
 * The length of the character at `at` when its bytes up to `end` are valid UTF-8 of more than one byte (no
 * surrogate, no overlong form, nothing above U+10FFFF), else 0.
 */
export function utf8SequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] as number;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > end) return 0;
  const second = bytes[at + 1] as number;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let i = 2; i < length; i++) if (((bytes[at + i] as number) & 0xc0) !== 0x80) return 0;
  return length;
}
