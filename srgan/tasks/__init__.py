"""The tasks by name."""

from srgan.tasks.denoise import Denoise
from srgan.tasks.generate import Generate
from srgan.tasks.inpaint import Inpaint
from srgan.tasks.task import Task
from srgan.tasks.translate import Translate
from srgan.tasks.upscale import Upscale

TASKS: dict[str, type[Task]] = {task.name: task for task in (Upscale, Denoise, Inpaint, Translate, Generate)}
