// NumPy's random numbers: `new Random(seed)` draws what `numpy.random.default_rng(seed)` draws.
//
// A seed of one number is stirred into 256 bits (SeedSequence), which set up a PCG64: a number of 128 bits that is
// multiplied by a constant and added to another at each step; the 64 bits of a draw are its two halves, combined and
// rotated. (Melissa O'Neill 2014, "PCG: A family of simple fast space-efficient statistically good algorithms".)
// JavaScript multiplies no 64-bit numbers, so that a 128-bit number is kept as eight digits of 16 bits.

const DIGITS = 8;
const MULTIPLIER = digitsOf(0x2360ed051fc65da44385df649fccf645n); // of PCG64

function digitsOf(number) {
  return Uint32Array.from({ length: DIGITS }, (_, i) => Number((number >> BigInt(16 * i)) & 0xffffn));
}

export class Random {
  /** @param {number} seed a whole number, 0 or more */
  constructor(seed) {
    const [a, b, c, d] = seedNumbers(seed);
    this.increment = digitsOf((((c << 64n) | d) << 1n) | 1n);
    this.state = new Uint32Array(DIGITS);
    this.step();
    this.add(digitsOf((a << 64n) | b));
    this.step();
    this.spare = null; // half of a draw of 64 bits, kept for the next draw of 32
    this.high = this.low = 0;
  }

  /** state = state * MULTIPLIER + increment, modulo 2^128 */
  step() {
    const product = new Float64Array(DIGITS); // sums of up to eight products of 16 bits: far below 2^53
    for (let i = 0; i < DIGITS; i++) {
      for (let j = 0; j + i < DIGITS; j++) product[i + j] += this.state[i] * MULTIPLIER[j];
    }
    let carry = 0;
    for (let i = 0; i < DIGITS; i++) {
      const sum = product[i] + carry;
      carry = Math.floor(sum / 65536);
      this.state[i] = sum - carry * 65536;
    }
    this.add(this.increment);
  }

  add(digits) {
    let carry = 0;
    for (let i = 0; i < DIGITS; i++) {
      const sum = this.state[i] + digits[i] + carry;
      this.state[i] = sum & 0xffff;
      carry = sum >>> 16;
    }
  }

  /** Draws 64 bits, as `high` and `low`: the xor of the state's halves, rotated by its first six bits. */
  draw() {
    this.step();
    const s = this.state;
    const turn = s[7] >>> 10;
    const low = ((s[0] ^ s[4]) | ((s[1] ^ s[5]) << 16)) >>> 0;
    const high = ((s[2] ^ s[6]) | ((s[3] ^ s[7]) << 16)) >>> 0;
    const [a, b] = turn & 32 ? [high, low] : [low, high]; // turned by 32
    const by = turn & 31;
    this.low = by ? ((a >>> by) | (b << (32 - by))) >>> 0 : a;
    this.high = by ? ((b >>> by) | (a << (32 - by))) >>> 0 : b;
  }

  /** A number in [0, 1), as `Generator.random()`. */
  random() {
    this.draw();
    return (this.high * 2 ** 21 + (this.low >>> 11)) / 2 ** 53; // the first 53 bits
  }

  /** 32 bits: first the low half of a draw, then its high half. */
  half() {
    if (this.spare !== null) {
      const spare = this.spare;
      this.spare = null;
      return spare;
    }
    this.draw();
    this.spare = this.high;
    return this.low;
  }

  /**
   * `count` whole numbers from `low` up to, but not with, `high`, as `Generator.integers(low, high, count)`.
   *
   * A draw of 32 bits times the number of possibilities; its upper half is the answer. Draws that would make some
   * answers likelier than others are thrown away. (Lemire 2019, "Fast random integer generation in an interval".)
   */
  integers(low, high, count) {
    const range = high - low;
    const unfair = 2 ** 32 % range;
    return Float64Array.from({ length: count }, () => {
      if (range === 1) return low;
      let product = this.half() * range;
      while (product % 2 ** 32 < unfair) product = this.half() * range;
      return low + Math.floor(product / 2 ** 32);
    });
  }
}

/** Four numbers of 64 bits from a seed, as `SeedSequence(seed).generate_state(4, uint64)`. */
function seedNumbers(seed) {
  const pool = stirredPool(seed);
  let constant = 0x8b51f9dd;
  const halves = Array.from({ length: 8 }, (_, i) => {
    let value = (pool[i % 4] ^ constant) >>> 0;
    constant = Math.imul(constant, 0x58f38ded) >>> 0;
    value = Math.imul(value, constant) >>> 0;
    return (value ^ (value >>> 16)) >>> 0;
  });
  return [0, 2, 4, 6].map((i) => (BigInt(halves[i + 1]) << 32n) | BigInt(halves[i]));
}

function stirredPool(seed) {
  let constant = 0x43b0d7e5;
  const hashed = (value) => {
    value = (value ^ constant) >>> 0;
    constant = Math.imul(constant, 0x931e8875) >>> 0;
    value = Math.imul(value, constant) >>> 0;
    return (value ^ (value >>> 16)) >>> 0;
  };
  const mixed = (x, y) => {
    const value = (Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715)) >>> 0;
    return (value ^ (value >>> 16)) >>> 0;
  };
  const pool = [seed % 2 ** 32, Math.floor(seed / 2 ** 32), 0, 0].map((word) => hashed(word));
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mixed(pool[to], hashed(pool[from]));
  }
  return pool;
}
