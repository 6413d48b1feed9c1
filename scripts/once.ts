/** Makes a thing once for all that ask while it is being made, by its name; who asks later has it looked at again. */
export function onceAtATime<N extends string, T>(make: (name: N) => Promise<T>): (name: N) => Promise<T> {
  const underWay = new Map<N, Promise<T>>()
  return (name) => {
    const made = underWay.get(name) ?? make(name).finally(() => underWay.delete(name))
    underWay.set(name, made)
    return made
  }
}
