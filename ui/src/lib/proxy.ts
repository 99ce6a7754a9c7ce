/** Whether the shell will take this as a proxy: `[http://]host:port`, without a user name and a password. */
export function isProxy(text: string): boolean {
  try {
    const url = new URL(text.includes("://") ? text : `http://${text}`);
    const bare = /^\/?$/.test(url.pathname) && !url.search && !url.hash;
    return /^https?:$/.test(url.protocol) && !url.username && !url.password && bare;
  } catch {
    return false;
  }
}
