/** Milliseconds of processor time this process has used: what a test may measure on a machine that others use as well. */
export function spent(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
