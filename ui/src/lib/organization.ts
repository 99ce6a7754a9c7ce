import type { NewOrganization, ProviderId } from "./bindings";

/** The fields that each provider's settings have, in the order of the form. */
export const fields = {
  okta: ["issuer", "client_id"],
  entra: ["tenant", "client_id"],
  "identity-center": ["start_url"],
} as const satisfies Record<ProviderId, readonly (keyof NewOrganization)[]>;

/** What stands in the form, without the fields of the other providers and without space around it. */
export function typed(form: NewOrganization): NewOrganization {
  const organization: NewOrganization = { provider: form.provider, name: form.name.trim() };
  for (const field of fields[form.provider]) organization[field] = form[field]?.trim() ?? "";
  if (form.provider === "identity-center" && form.region) organization.region = form.region;
  return organization;
}

/** Whether there is enough to be checked. */
export function complete(form: NewOrganization): boolean {
  const organization = typed(form);
  const given = fields[form.provider].every((field) => organization[field]);
  const address = organization.issuer ?? organization.start_url;
  return organization.name !== "" && given && (address === undefined || host(address) !== null);
}

/** `host[:port]` of an address; `null` for what is no address. */
export function host(address: string): string | null {
  try {
    const url = new URL(address.trim());
    return /^https?:$/.test(url.protocol) ? url.host : null;
  } catch {
    return null;
  }
}

const plain = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, 63)
    .replace(/-+$/, "");

/** The name in commands, `[a-z0-9-]`, as the shell makes it: from the title, else from the host. Empty: not known yet. */
export function commandName(form: NewOrganization): string {
  const { issuer, start_url, provider, name } = typed(form);
  if (!name) return "";
  const where = provider === "entra" ? "login.microsoftonline.com" : (host(issuer ?? start_url ?? "") ?? "");
  return plain(name) || plain(where);
}

/** The region that a start URL carries, if it does. */
export function regionOf(startUrl: string): string | null {
  return /\.(?:portal\.)?([a-z]{2}(?:-[a-z]+)+-\d)\.(?:app\.aws|portal\.amazonaws\.com)/.exec(startUrl)?.[1] ?? null;
}
