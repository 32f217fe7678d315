"""The Compose project, the services that get IPv6, and the file in which that is written."""

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from screens.step import StepScreen, paragraph
from screens.widgets.choice_list import ChoiceList, Entry
from wizard.answers import obstacles, projects, ticking
from wizard.answers.choices import Placement
from wizard.compose.services import Service
from wizard.modes import plan_inputs
from wizard.modes.plan_inputs import PlanInputs
from wizard.platform.text import clean_line


class ComposeScreen(StepScreen):
    """Three lists: projects where there are several, services, and files."""

    NAME = "compose"
    HEADING = "Compose"
    AUTO_FOCUS = "#services"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "f,F",
            "fix",
            "Fixed",
            key_display="F",
            tooltip="Write a fixed address for this service into the file",
        ),
        Binding("r,R", "read_again", "Read again", key_display="R", tooltip="Read the files again"),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "A Compose project is what one docker-compose.yml starts. Its parts are called services: "
        "for Mastodon these are, for example, web, streaming and sidekiq, which talk to other "
        "servers, and db and redis, which only talk to them.",
        "Tick the services that should reach the IPv6 internet; Space ticks and unticks. The "
        "wizard has ticked those that can reach the internet now. Databases and caches do not "
        "need it, and are safer without. Under each service stands why it is ticked or not. One "
        "with a dash cannot be connected to another network, and says why.",
        "The change also has to be written into a file, so that it is still there when Compose "
        "recreates the containers. Either into docker-compose.yml itself, of which only the "
        "lines that must change are touched, or into docker-compose.override.yml, which Compose "
        "reads on top of it. The second is better where docker-compose.yml is kept in git, for "
        "then an update does not collide with the change.",
        "With public addresses F gives the service under the cursor a fixed address, or takes it "
        "again: it is written into the file and stays for good, as a name that leads there (an "
        "AAAA record) needs. While such a service runs, “docker compose run” of it fails; “docker "
        "compose exec” does the same.",
        "R reads the files again, for example after you have corrected one in another window.",
    )

    def compose_body(self) -> ComposeResult:
        """Compose the three lists."""
        yield paragraph(
            "There is nothing to choose from yet; the line below says why. Put it right in "
            "another window, then press R to read again.",
            id="trouble",
        )
        yield paragraph("Reading the Compose files …", id="reading")
        yield paragraph("Project (arrow keys choose)", id="projects-heading", classes="heading")
        yield ChoiceList(id="projects")
        yield paragraph(
            "Services that should reach the IPv6 internet (Space ticks)",
            id="services-heading",
            classes="heading",
        )
        yield ChoiceList(many=True, id="services")
        yield paragraph(
            "File in which this is written at Apply, not before (arrow keys choose)",
            id="files-heading",
            classes="heading",
        )
        yield ChoiceList(id="files")

    def on_mount(self) -> None:
        """Remember that the focus is where it belongs."""
        super().on_mount()
        self._waits = False
        """Whether the services get the focus once they are there."""

    def arrive(self) -> None:
        """Watch the router meanwhile, for that takes seconds."""
        super().arrive()
        self.state.expect_router()

    def show_state(self) -> None:
        """Show the projects, and the services and files of the chosen one."""
        host = self.state.host
        if host is None:
            return
        projects = host.choosable_projects
        several = len(projects) > 1
        self.state.draft.read()
        self.query_one("#projects-heading").display = several
        self.query_one("#projects").display = several
        self.query_one("#projects", ChoiceList).show(
            [
                Entry(
                    str(number),
                    clean_line(project.name),
                    obstacles.where_it_is(host, project),
                    chosen=project.name == self.state.choices.project,
                )
                for number, project in enumerate(projects)
            ]
        )
        read, trouble = self.state.draft.inputs, self._trouble()
        self.query_one("#trouble").display = trouble is not None
        self.query_one("#reading").display = read is None and trouble is None
        if trouble is not None:
            self.say(trouble, "problem")
        for name in ("services", "services-heading", "files", "files-heading"):
            self.query_one(f"#{name}").display = read is not None
        if read is not None:
            self._show_services(read)
            self._show_files(read)
        self._keep_focus_in_sight(trouble is not None)

    def _keep_focus_in_sight(self, trouble: bool) -> None:
        """Let no list have the focus that is not seen, for the last line would name its keys."""
        services, onwards = self.query_one("#services"), self.query_one("#next")
        if trouble and self.focused is services:
            self._waits = True
            onwards.focus(scroll_visible=False)
        elif services.display and self._waits:
            self._waits = False
            if self.focused is onwards:
                services.focus(scroll_visible=False)

    def _show_services(self, read: PlanInputs) -> None:
        chosen = self.state.choices.services
        self.query_one("#services", ChoiceList).show(
            [
                Entry(
                    service.name,
                    clean_line(service.name),
                    self._words(service),
                    chosen=service.name in chosen,
                    open=service.attachable,
                )
                for service in read.services
            ]
        )

    def _words(self, service: Service) -> str:
        """Return what to say beside a service."""
        project, host, choices = self.state.project, self.state.host, self.state.choices
        fixed = "Its address is fixed. " if self._public and service.name in choices.fixed else ""
        return f"{fixed}{ticking.reason(service, host, project)}"

    @property
    def _public(self) -> bool:
        return self.state.choices.mode.addresses.public

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to fix an address only where containers have their own."""
        if action == "fix" and not self._public:
            return False
        return super().check_action(action, parameters)

    def action_fix(self) -> None:
        """Give the service under the cursor a fixed address, or take it from it again."""
        read = self.state.draft.inputs
        key = self.query_one("#services", ChoiceList).highlighted_key
        if not self._public or read is None or key not in self.state.choices.services:
            return
        self.say("")
        fixed = {*self.state.choices.fixed} ^ {key}
        order = [service.name for service in read.services]
        self.state.answer(fixed=tuple(name for name in order if name in fixed))

    def _show_files(self, read: PlanInputs) -> None:
        project = self.state.project
        why = None if project is None else projects.written_over_by(project)
        proposed = project is not None and why and projects.reads_override(project)
        target = plan_inputs.target(self.state.choices, read)
        entries = [
            Entry(
                path,
                clean_line(PurePath(path).name),
                f"Is changed itself. {why}."
                if why
                else "Is changed itself, and only in the lines that must change.",
                chosen=path == target,
            )
            for path in read.given_paths
            if path != read.override
        ]
        if read.override:
            there = "Is there already" if read.override in read.files else "Is made"
            in_git = project is not None and project.in_git
            because = "the folder is kept in git" if in_git else "it is left alone"
            reason = f"Proposed, because {because}." if proposed else ""
            entries.append(
                Entry(
                    read.override,
                    clean_line(PurePath(read.override).name),
                    f"{there}; Compose reads it on top of the other file. {reason}".strip(),
                    chosen=read.override == target,
                )
            )
        self.query_one("#files", ChoiceList).show(entries)

    def _trouble(self) -> str | None:
        """Return why there are no services and files to choose from, or None."""
        return self.state.no_project or self.state.draft.complaint or None

    @on(ChoiceList.Picked, "#projects")
    def _project_picked(self, event: ChoiceList.Picked) -> None:
        host = self.state.host
        if host is not None:
            self.say("")
            self.state.choose_project(host.choosable_projects[int(event.key)])

    @on(ChoiceList.Picked, "#services")
    def _service_ticked(self, event: ChoiceList.Picked) -> None:
        self.say("")
        read, chosen = self.state.draft.inputs, set(self.state.choices.services) ^ {event.key}
        if read is not None:
            order = [service.name for service in read.services]
            self.state.answer(
                services=tuple(name for name in order if name in chosen),
                fixed=tuple(name for name in self.state.choices.fixed if name in chosen),
            )

    @on(ChoiceList.Picked, "#files")
    def _file_picked(self, event: ChoiceList.Picked) -> None:
        self.say("")
        read = self.state.draft.inputs
        if read is not None and event.key == read.override:
            self.state.answer(placement=Placement.OVERRIDE)
        else:
            self.state.answer(placement=Placement.IN_PLACE, file=Path(event.key))

    def refusal(self) -> str | None:
        """Say why there is no project to plan for, or that this one is set up already."""
        host, project = self.state.host, self.state.project
        before = obstacles.set_up_before(host, project.name) if host and project else ()
        return self.state.no_project or " ".join(each.sentence for each in before) or None

    def action_read_again(self) -> None:
        """Read the files again, or look at the host again where there is no project to read."""
        self.say("")
        if self.state.project is None:
            self.state.look()
        self.state.draft.forget_files()
        self.show_state()
