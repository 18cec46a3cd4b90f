"""How it is taught: loops, optimizers, regularizers, pruning."""

from unseen.training.draws import DropoutMasks as DropoutMasks
from unseen.training.draws import Minibatches as Minibatches
from unseen.training.history import History as History
from unseen.training.history import log_spaced as log_spaced
from unseen.training.lanes import SeedBatch as SeedBatch
from unseen.training.length_buckets import LengthBuckets as LengthBuckets
from unseen.training.loop import train as train
from unseen.training.losses import accuracy as accuracy
from unseen.training.losses import one_hot_squared_error as one_hot_squared_error
from unseen.training.lottery_tickets import keep_highest as keep_highest
from unseen.training.lottery_tickets import masked as masked
from unseen.training.lottery_tickets import winning_ticket as winning_ticket
from unseen.training.nested import NestedMinibatches as NestedMinibatches
from unseen.training.perpendicular import PerpendicularGradient as PerpendicularGradient
from unseen.training.robust_gradients import MedianOfGroups as MedianOfGroups
from unseen.training.robust_gradients import WinsorizedGradient as WinsorizedGradient
from unseen.training.row_space import RowSpace as RowSpace
from unseen.training.schedules import step_decay as step_decay
from unseen.training.schedules import warmup_cosine as warmup_cosine
from unseen.training.single_samples import LabelNoise as LabelNoise
from unseen.training.single_samples import single_samples as single_samples
from unseen.training.stablemax import softmax_cross_entropy as softmax_cross_entropy
from unseen.training.stablemax import stablemax_cross_entropy as stablemax_cross_entropy
