"""A header's names are known however people put them together, and no spelling stands for two columns."""

import pytest

from ingest.column_names import ALIASES, SENSORS, _spellings, folded, is_index

WAYS = [
    # As public repositories name the columns: chest, two leads, then each sensor at the ankle and at the arm; one axis.
    "chest_acc_y ecg_1 ecg_2 ankle_acc_y ankle_gyro_y ankle_mag_y arm_acc_y arm_gyro_y arm_mag_y activity_label",
    "acc_chest_y ecg_lead1 ecg_lead2 acc_ankle_y gyro_ankle_y magnet_ankle_y acc_arm_y gyro_arm_y magnet_arm_y class",
    "acc_chest_y ecg_lead1 ecg_lead2 acc_ankle_l_y gyro_ankle_l_y mag_ankle_l_y acc_arm_r_y gyro_arm_r_y "
    "mag_arm_r_y label",
    "chest_acc_y ecg_1 ecg_2 left_ankle_acc_y left_ankle_gyro_y left_ankle_magn_y right_lower_arm_acc_y "
    "right_lower_arm_gyro_y right_lower_arm_magn_y label",
    "chest_accel_y chest_ecg_lead1 chest_ecg_lead2 left_ankle_accel_y left_ankle_gyro_y left_ankle_magnet_y "
    "right_lower_arm_accel_y right_lower_arm_gyro_y right_lower_arm_magnet_y activity_id",
    "accel_chest_y ecg_l1 ecg_l2 accel_l_ankle_y gyro_l_ankle_y mag_l_ankle_y accel_r_arm_y gyro_r_arm_y "
    "mag_r_arm_y label",
    "y_accel_chest ecg_l1 ecg_l2 y_accel_l_ankle y_gyro_l_ankle y_mag_l_ankle y_accel_r_arm y_gyro_r_arm "
    "y_mag_r_arm label",
    "Acc_Chest_Y ECG_1 ECG_2 Acc_LAnkle_Y Gyro_Ankle_Y Magno_Ankle_Y Acc_Arm_Y Gyro_Arm_Y Magno_Arm_Y Activity_Label",
    "acc_chest_y ecg_1 ecg_2 acc_lankle_y gyro_lankle_y mag_lankle_y acc_rlarm_y gyro_rlarm_y mag_rlarm_y label",
    "chest_acc_y chest_ecg_1 chest_ecg_2 ankle_acc_y ankle_gyro_y ankle_mag_y rwrist_acc_y rwrist_gyro_y "
    "rwrist_mag_y label",
    "ACC_Chest_Y ECG_Signal_1 ECG_Signal_2 ACC_Left_Ankle_Y Gyro_Left_Ankle_Y MAG_Left_Ankle_Y "
    "ACC_Right_Lower_Arm_Y Gyro_Right_Lower_Arm_Y MAG_Right_Lower_Arm_Y Label",
    "acc_chest_y ecg_1 ecg_2 acc_left_ank_y gyro_left_ank_y magneto_left_ank_y acc_rig_arm_y gyro_rig_arm_y "
    "magneto_rig_arm_y label",
    "acceleration_chest_y electrocardiogram_1 electrocardiogram_lead_2 acceleration_left-ankle_y "
    "gyroscope_left-ankle_y magnetometer_left-ankle_y acceleration_right-lower-arm_y "
    "gyroscope_right-lower-arm_y magnetometer_right-lower-arm_y activity",
    "chestAccY ecgLead1 ecgLead2 ankleAccY ankleGyroY ankleMagnetY handAccY handGyroY handMagY activityLabel",
]
CANONICAL = "chest_accel_y ecg_1 ecg_2 ankle_accel_y ankle_gyro_y ankle_mag_y arm_accel_y arm_gyro_y arm_mag_y label"


@pytest.mark.parametrize("names", WAYS)
def test_names_that_people_write_are_known(names: str) -> None:
    assert [ALIASES.get(folded(name)) for name in names.split()] == CANONICAL.split()


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("acceleration from the left-ankle sensor (X axis)", "ankle_accel_x"),
        ("gyro from the right-lower-arm sensor (Y axis)", "arm_gyro_y"),
        ("magnetometer from the right-lower-arm sensor (Z axis)", "arm_mag_z"),
        ("electrocardiogram signal (lead 2)", "ecg_2"),
        ("user-id", "subject"),
    ],
)
def test_names_of_the_datasets_own_description_are_known(name: str, column: str) -> None:
    assert ALIASES[folded(name)] == column


@pytest.mark.parametrize(
    "name",
    [
        "right_ankle_acc_x",
        "left_arm_acc_x",
        "larm_acc_x",
        "acc_left_x",
        "thigh_acc_x",
        "ecg_3",
        "acc_x",
        "ankle_acc",
        "x",
    ],
)
def test_a_name_of_something_else_is_not_known(name: str) -> None:
    assert folded(name) not in ALIASES


def test_no_spelling_stands_for_two_columns() -> None:
    meant: dict[str, set[str]] = {}
    for spelling, column in _spellings():
        meant.setdefault(folded(spelling), set()).add(column)
    assert {spelling: columns for spelling, columns in meant.items() if len(columns) > 1} == {}
    assert set(ALIASES.values()) == {
        *SENSORS,
        *(f"chest_{kind}_{axis}" for kind in ("gyro", "mag") for axis in "xyz"),
    } | {
        "label",
        "subject",
    }


def test_every_canonical_name_is_a_spelling_of_itself() -> None:
    assert [ALIASES[folded(column)] for column in (*SENSORS, "label", "subject")] == [*SENSORS, "label", "subject"]


@pytest.mark.parametrize("name", ["", " ", "Unnamed: 0", "unnamed_0", "Unnamed: 0.1", "index", "Index"])
def test_an_index_is_known_by_its_name(name: str) -> None:
    assert is_index(name)


@pytest.mark.parametrize("name", ["label", "indexed", "0", "無名", "my unnamed: 0"])
def test_another_column_is_no_index(name: str) -> None:
    assert not is_index(name)
