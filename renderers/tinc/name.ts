/** A host's name as tinc accepts it: letters, digits and "_" only (tinc.conf(5), Name). "a-b" and "a_b" become one: problems() finds that. */
export function tincName(host: string): string {
  return host.replace(/[^A-Za-z0-9_]/g, '_')
}
