import { type Arbitrary, constantFrom, gen, nat, type GeneratorValue } from 'fast-check'

/** Draws that a failing run of a property can show and repeat. */
export interface Choose {
  /** One of these. */
  one<T>(...options: readonly T[]): T
  /** True in so many of a hundred cases. */
  often(percent: number): boolean
}

/** What a property draws from. */
export const draws = gen()

/** The draws of one run. */
export function chooser(g: GeneratorValue): Choose {
  return {
    one: <T>(...options: readonly T[]) => options[g(placeOf, options.length)] as T,
    often: (percent) => g(nat, { max: 99 }) < percent,
  }
}

/** By their number alone: fast-check keeps each set of arguments, and compares it with all that are to come. */
function placeOf(length: number): Arbitrary<number> {
  return constantFrom(...Array.from({ length }, (_, place) => place))
}
