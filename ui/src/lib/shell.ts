import { Channel, invoke } from "@tauri-apps/api/core";
import type { CheckedOrganization, Language, NewOrganization, OrganizationFile, View } from "./bindings";

export type AccountChoice = "any" | "hint" | "select";
export type Via = "deep_link" | "loopback";

/** Everything the page can ask for. A call ends when the shell has accepted it; what came of it arrives as a `View`. */
export interface Shell {
  watch(show: (view: View) => void): Promise<void>;
  signIn(organization: string, account: AccountChoice, via: Via): Promise<void>;
  cancel(): Promise<void>;
  extend(): Promise<void>;
  openAgain(): Promise<void>;
  copyLink(): Promise<void>;
  paste(): Promise<"accepted" | "not_a_callback">;
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
  setLanguage(language: Language): Promise<void>;
  copyDetails(): Promise<void>;
  copyRequest(): Promise<void>;
}

export const tauriShell: Shell = {
  watch(show) {
    const channel = new Channel<View>();
    channel.onmessage = show;
    return invoke("watch", { channel });
  },
  signIn: (organization, account, via) => invoke("sign_in", { organization, account, via }),
  cancel: () => invoke("cancel"),
  extend: () => invoke("extend"),
  openAgain: () => invoke("open_again"),
  copyLink: () => invoke("copy_link"),
  paste: () => invoke("paste"),
  signOut: () => invoke("sign_out"),
  endSession: () => invoke("end_session"),
  dismiss: () => invoke("dismiss"),
  switchProfile: (profile) => invoke("switch_profile", { profile }),
  chooseOrganization: (name) => invoke("choose_organization", { name }),
  checkOrganization: (organization) => invoke("check_organization", { organization }),
  addOrganization: (organization) => invoke("add_organization", { organization }),
  openOrganizationFile: () => invoke("open_organization_file"),
  confirmOrganizationFile: () => invoke("confirm_organization_file"),
  setLanguage: (language) => invoke("set_language", { language }),
  copyDetails: () => invoke("copy_details"),
  copyRequest: () => invoke("copy_request"),
};
