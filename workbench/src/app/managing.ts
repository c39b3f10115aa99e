/** Which pages do only those see who run it? They make one file together, loaded when the first of them is opened. */

export { AdminPage } from "../admin/AdminPage";
export { DependencePage } from "../dependence/DependencePage";
export { ExitPage } from "../exits/ExitPage";
export { SearchPage } from "../exposure/SearchPage";
export { OrganisationPage } from "../organisations/OrganisationPage";
export { OrganisationsPage } from "../organisations/OrganisationsPage";
export { ProviderPage } from "../providers/ProviderPage";
export { ProvidersPage } from "../providers/ProvidersPage";
