import { Channel, invoke } from "@tauri-apps/api/core";
import type {
  Browser,
  CheckedOrganization,
  Checkup,
  NewOrganization,
  OrganizationFile,
  Preference,
  View,
} from "./bindings";

export type AccountChoice = "any" | "hint" | "select";
/** How the answer is to come back; `best`: whichever will work. */
export type Way = "best" | "deep_link" | "loopback";

/** Everything the page can ask for. A call ends when the shell has accepted it; what came of it arrives as a `View`. */
export interface Shell {
  watch(show: (view: View) => void): Promise<void>;
  /** `browser`: the id of a chosen one. */
  signIn(organization: string, account: AccountChoice, way: Way, browser?: string): Promise<void>;
  /** Those that are installed, the usual one first. */
  browsers(): Promise<Browser[]>;
  cancel(): Promise<void>;
  extend(): Promise<void>;
  openAgain(): Promise<void>;
  copyLink(): Promise<void>;
  paste(): Promise<"accepted" | "not_a_callback">;
  /** Makes this program the one that opens `kiro://` links. @throws FailureView */
  takeLinks(): Promise<void>;
  signOut(): Promise<void>;
  endSession(): Promise<void>;
  dismiss(): Promise<void>;
  switchProfile(profile: string): Promise<void>;
  chooseOrganization(name: string): Promise<void>;
  /** @throws FailureView */
  checkOrganization(organization: NewOrganization): Promise<CheckedOrganization>;
  /** @throws FailureView */
  addOrganization(organization: NewOrganization): Promise<void>;
  /** `null`: the person closed the dialog. @throws FailureView */
  openOrganizationFile(): Promise<OrganizationFile | null>;
  /** @throws FailureView */
  confirmOrganizationFile(): Promise<void>;
  /** @throws FailureView */
  prefer(change: Preference): Promise<void>;
  /** Asks for the file in the system's dialog. @throws FailureView */
  chooseCaFile(): Promise<void>;
  /** @throws FailureView */
  giveLinksBack(): Promise<void>;
  /** Changes nothing; takes as long as a server may take to answer. @throws FailureView */
  checkComputer(): Promise<Checkup>;
  /** The names of what is in the file; `null`: the person closed the dialog. @throws FailureView */
  exportDiagnostics(): Promise<string[] | null>;
  copyDetails(): Promise<void>;
  copyRequest(): Promise<void>;
}

export const tauriShell: Shell = {
  watch(show) {
    const channel = new Channel<View>();
    channel.onmessage = show;
    return invoke("watch", { channel });
  },
  signIn: (organization, account, way, browser) => invoke("sign_in", { organization, account, way, browser }),
  browsers: () => invoke("browsers"),
  cancel: () => invoke("cancel"),
  extend: () => invoke("extend"),
  openAgain: () => invoke("open_again"),
  copyLink: () => invoke("copy_link"),
  paste: () => invoke("paste"),
  takeLinks: () => invoke("take_links"),
  signOut: () => invoke("sign_out"),
  endSession: () => invoke("end_session"),
  dismiss: () => invoke("dismiss"),
  switchProfile: (profile) => invoke("switch_profile", { profile }),
  chooseOrganization: (name) => invoke("choose_organization", { name }),
  checkOrganization: (organization) => invoke("check_organization", { organization }),
  addOrganization: (organization) => invoke("add_organization", { organization }),
  openOrganizationFile: () => invoke("open_organization_file"),
  confirmOrganizationFile: () => invoke("confirm_organization_file"),
  prefer: (change) => invoke("prefer", { change }),
  chooseCaFile: () => invoke("choose_ca_file"),
  giveLinksBack: () => invoke("give_links_back"),
  checkComputer: () => invoke("check_computer"),
  exportDiagnostics: () => invoke("export_diagnostics"),
  copyDetails: () => invoke("copy_details"),
  copyRequest: () => invoke("copy_request"),
};
