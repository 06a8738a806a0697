/**
 * A host's name as tinc accepts it: letters, digits and "_" only (tinc.conf(5), Name). No two hosts become one: their names hold no "_", and
 * "-" is the only character that is replaced.
 */
export function tincName(host: string): string {
  return host.replace(/[^A-Za-z0-9_]/g, '_')
}
