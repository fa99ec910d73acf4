/** Whether a host, a name or an address as it stands in a URL or alone, is this machine: what goes there passes no network. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.[0-9]{1,3}){3}$/.test(host);
}
