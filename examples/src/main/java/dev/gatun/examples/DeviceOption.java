package dev.gatun.examples;

import dev.gatun.device.Device;
import dev.gatun.device.DeviceException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The option {@code --device}, which every command that computes has. */
final class DeviceOption {
    @Option(names = "--device", paramLabel = "auto|cuda|host", converter = Reader.class,
            description = "What computes: a GPU, the software device, or the GPU if there is one (auto). Default: GATUN_DEVICE, or auto.")
    private Device.Choice choice;

    /** Returns the device asked for, which every later call in this process uses. */
    Device choose() {
        return choice == null ? Device.current() : Device.choose(choice);
    }

    private static final class Reader implements ITypeConverter<Device.Choice> {
        @Override
        public Device.Choice convert(String value) {
            try {
                return Device.Choice.parse(value);
            } catch (DeviceException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
