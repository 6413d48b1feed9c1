/** What the name of a key version of Google's KMS is made of. */
export function partsOf(name: string) {
  const [, whole = '', project = '', location = '', ring = '', key = '', version = ''] =
    /^(projects\/([^/]+)\/locations\/([^/]+)\/keyRings\/([^/]+)\/cryptoKeys\/([^/]+))\/cryptoKeyVersions\/(\d+)$/.exec(
      name,
    ) ?? []
  return { whole, project, location, ring, key, version }
}
