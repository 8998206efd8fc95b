"""The settings as a Dagster resource, visible and configurable in the UI."""

import dagster as dg

from dmicc_assets.lake.workspace import Workspace, open_workspace
from dmicc_assets.study.settings import Settings, load_settings


class WorkspaceResource(dg.ConfigurableResource):
    """Folders and addresses of the DMICC_ variables; NCBI's API key stays in the environment."""

    home: str
    studies: str
    geo_url: str
    geo_acc_url: str
    xena_url: str
    gene_sets: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> "WorkspaceResource":
        """The resource with these settings."""
        return cls(
            home=str(settings.home),
            studies=settings.studies,
            geo_url=settings.geo_url,
            geo_acc_url=settings.geo_acc_url,
            xena_url=settings.xena_url,
            gene_sets=None if settings.gene_sets is None else str(settings.gene_sets),
        )

    def settings(self) -> Settings:
        """The settings of this configuration."""
        return load_settings(**self._configured())

    def _configured(self) -> dict[str, str | None]:
        return {name: getattr(self, name) for name in type(self).model_fields}

    def opened(self) -> Workspace:
        """The workspace of this configuration, with the current study files."""
        return open_workspace(self.settings())


def workspace_resource(workspace: Workspace) -> WorkspaceResource:
    """The resource of a workspace, which the UI can configure differently.

    Without such a configuration, runs use the study files read when the workspace was opened, from which the
    partitions were made.
    """
    as_opened = WorkspaceResource.of(workspace.settings)

    class Opened(WorkspaceResource):
        def opened(self) -> Workspace:
            return workspace if self._configured() == as_opened._configured() else super().opened()

    return Opened.of(workspace.settings)
