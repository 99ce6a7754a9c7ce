// Generated from src-tauri/src/view.rs: `UPDATE_BINDINGS=1 cargo test -p kiro-desktop bindings`.
// What the shell tells the page. Never in here: a token, a code, a `state`, the authorization address.
// Times are RFC 3339 in UTC; hosts are `host[:port]`.

export type View = {
  language: Language;
  account: AccountView;
  /**
   * The sign-in server could not be reached the last time; the session is as it was.
   */
  offline: boolean;
  organizations: Array<OrganizationView>;
  /**
   * The organisation that "Sign in" means; `null` when the person must choose.
   */
  chosen: string | null;
  locks: { own_organizations: boolean; proxy: boolean; ca: boolean };
  attempt: AttemptView | null;
  /**
   * What the error screen shows, or the notice beside an attempt.
   */
  failure: FailureView | null;
  /**
   * What the last sign-out did.
   */
  receipt: ReceiptView | null;
  profiles: Array<ProfileView>;
  /**
   * Where the signed-in person may ask models; `null` where that cannot be told.
   */
  models: ModelsView | null;
  /**
   * Why it cannot, where somebody is signed in.
   */
  no_models: {
    code: string;
    /**
     * The file concerned.
     */
    path: string | null;
  } | null;
  settings: SettingsView;
};

export type AccountView =
  | { state: "signed_out"; reason: FailureView | null }
  | { state: "signed_in"; who: Who }
  | { state: "needs_attention"; reason: FailureView; who: Who };

export type Who = {
  profile: string;
  name: string | null;
  email: string | null;
  organization: string;
  organization_title: string;
  provider: ProviderId;
  host: string;
  /**
   * The access token's; never the end of the session.
   */
  expires_at: string;
  signed_in_at: string;
  session_expires_at: string | null;
  key_source: KeySource;
};

export type OrganizationView = {
  name: string;
  title: string;
  provider: ProviderId;
  /**
   * What the browser will open.
   */
  host: string;
  region: string | null;
  managed: boolean;
  redirect_uris: Array<string>;
  /**
   * The person who would come back to it.
   */
  returning: { name: string | null; email: string | null } | null;
};

export type AttemptView = {
  id: string;
  organization: string;
  step: "waiting" | "finishing";
  via: "deep_link" | "loopback";
  /**
   * The app link could carry the answer.
   */
  app_link: boolean;
  host: string;
  expires_at: string;
  extensions_left: number;
  /**
   * Begun by this program: it can be cancelled, extended and pasted into here.
   */
  ours: boolean;
  browser_opened: boolean;
};

export type FailureView = {
  code: string;
  /**
   * Its name, as `OrganizationView` has it.
   */
  organization: string | null;
  organization_title: string | null;
  provider: ProviderId | null;
  host: string | null;
  account: string | null;
  contact: string | null;
  facts: Partial<Facts>;
  detail: Detail;
};

export type Facts = {
  redirect_uri: string | null;
  proxy: string | null;
  inspector: string | null;
  other_app: string | null;
  skew_seconds: number | null;
  path: string | null;
  ports: Array<number>;
  seconds_left: number | null;
};

export type Detail = {
  error: string | null;
  description: string | null;
  aadsts: number | null;
  correlation_id: string | null;
  time: string;
};

export type ReceiptView = {
  provider: ProviderId;
  host: string;
  revoked: "yes" | "not_offered" | "offline" | "failed";
  can_end_session: boolean;
  contact: string | null;
};

export type ProfileView = {
  name: string;
  /**
   * Whose it is: name or e-mail, and organisation.
   */
  title: string;
  active: boolean;
};

export type ModelsView = {
  /**
   * Where everything has to stay: `eu`, `us`.
   */
  residency: string | null;
  /**
   * The organisation's decisions are its administrator's.
   */
  managed: boolean;
  regions: Array<{
    name: string;
    /**
     * It is the one that is asked.
     */
    chosen: boolean;
    /**
     * A model can be asked there.
     */
    open: boolean;
    models: Array<{
      title: string;
      experimental: boolean;
      usable: boolean;
      /**
       * What stands in its way, and not in every other's there.
       */
      reasons: Array<{
        /**
         * Its word, such as `sign_in_method`.
         */
        reason: string;
        /**
         * An administrator can change it; else the person.
         */
        administrator: boolean;
        /**
         * For whom the model is.
         */
        methods: Array<ProviderId>;
        /**
         * The region that it is about.
         */
        region: string | null;
      }>;
    }>;
    /**
     * What stands in the way of every model there, each once.
     */
    reasons: Array<{
      /**
       * Its word, such as `sign_in_method`.
       */
      reason: string;
      /**
       * An administrator can change it; else the person.
       */
      administrator: boolean;
      /**
       * For whom the model is.
       */
      methods: Array<ProviderId>;
      /**
       * The region that it is about.
       */
      region: string | null;
    }>;
  }>;
};

export type NewOrganization = {
  provider: ProviderId;
  /**
   * Its title; the name in commands is made from it.
   */
  name: string;
  issuer?: string;
  client_id?: string;
  tenant?: string;
  start_url?: string;
  region?: string;
};

export type CheckedOrganization = { host: string; redirect_uris: Array<string> };

export type OrganizationFile = {
  organizations: Array<{ name: string; title: string; provider: ProviderId; host: string }>;
};

export type Browser = {
  id: string;
  name: string;
  /**
   * The one that the system opens by itself.
   */
  usual: boolean;
};

export type Checkup = {
  findings: Array<Finding>;
  /**
   * Whom to send the diagnostics to.
   */
  contact: string | null;
};

export type Finding = {
  level: "good" | "warning" | "problem";
  en: Line;
  ja: Line;
  /**
   * What is wrong, where the page has the words for it; the lines have only the subject then.
   */
  failure: FailureView | null;
};

export type Line = { subject: string; state: string; fix: string | null };

export type ProviderId = "okta" | "entra" | "identity-center";

export type KeySource = "os-keyring" | "passphrase" | "plaintext";

export type Language = "en" | "ja";

export type SettingsView = {
  /**
   * `null` follows the system.
   */
  language: Language | null;
  notifications: boolean;
  starts_at_login: boolean;
  /**
   * `system`, `none`, or an address.
   */
  proxy: string;
  ca_file: string | null;
  links: {
    ours: boolean;
    /**
     * The other program that opens them.
     */
    other: string | null;
    /**
     * The program that they can be given back to.
     */
    former: string | null;
  };
  version: string;
};

export type Preference =
  | { what: "language"; to: Language | null }
  | { what: "notifications"; to: boolean }
  | { what: "start_at_login"; to: boolean }
  | { what: "proxy"; to: string }
  | { what: "no_ca_file" }
  | { what: "region"; to: string };
